"""Resolving pictures and texts to entities, one to one, on data whose entities are known.

Flickr8k: 1,000 pictures of val against 1,000 captions (the first of each picture), English, then Chinese;
with the built-in encoder, with MobileNetV2 features and TF-IDF in a space learned on train (CCA, or a network
beside it), and with both side by side. Emoji: pictures, English names and Chinese names of a part held out;
CCA is learned on the rest. Product pairs: embeddings of a large dual encoder, for blocking alone that good
vectors allow.

What is learned and every setting is chosen on pictures that are not scored. `labels` joins the evidence by
a logistic model, each item by what was learned from pairs of other items; `no labels` by a mixture.

    python benchmarks/resolve.py --json
"""

from __future__ import annotations

import argparse
import csv
import itertools
import time
from pathlib import Path
from typing import Any

import numpy as np

from common import data_folder, print_result, say, significant
from tuwen import encoders, methods
from tuwen.arrays import Array, unit_rows
from tuwen.errors import InputError
from tuwen.resolve.base import Candidates, Side, Truth
from tuwen.resolve.blocking import block
from tuwen.resolve.cluster_figures import cluster_figures
from tuwen.resolve.clustering import clusters
from tuwen.resolve.deciding import decide
from tuwen.resolve.evaluating import evaluate
from tuwen.resolve.joining import join
from tuwen.resolve.mixture import estimate
from tuwen.resolve.scoring import SIMILARITY, score
from tuwen.resolve.threshold import threshold_of_best_f1

SHARE = 0.05  # of all pairs that blocking may leave
LANGUAGES = ("en", "zh")
SETTINGS = [
    {"dim": dim, "ridge": ridge, "power": power}
    for dim, ridge, power in itertools.product((256, 384), (1.0,), (1.0, 1.5, 2.0))
] + [
    {"method": "adapter", "dim": 384, "power": 1.5, "temperature": temperature, "epochs": 6, "device": "cpu"}
    for temperature in (0.05, 0.1)
]
FEW = [
    {"dim": dim, "ridge": ridge, "power": power}
    for dim, ridge, power in itertools.product((64, 128, 256), (1.0, 10.0, 100.0), (1.0, 2.0))
]


def side(name: str, kind: Any, vectors: Array) -> Side:
    ids = [f"{name}-{row}" for row in range(len(vectors))]
    return Side(name=name, kind=kind, ids=ids, contents=ids, vectors=unit_rows(vectors))


def same_rows(count: int) -> Truth:
    """Row i of both sides is of one entity."""
    return Truth(np.arange(count), np.arange(count))


def blocked(left: Side, right: Side) -> tuple[Candidates, dict[str, Any]]:
    """Candidates of the most neighbours that leave no more pairs than allowed."""
    low, high = 1, max(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        few = 1 - block(left, right, neighbours=middle).reduction <= SHARE
        low, high = (middle, high) if few else (low, middle - 1)
    began = time.perf_counter()
    made = block(left, right, neighbours=low)
    seconds = time.perf_counter() - began
    truth = same_rows(len(left))
    return made.candidates, {
        "neighbours": low,
        "share_of_pairs": significant(1 - made.reduction),
        "true_pairs_kept": significant(made.completeness(truth)),
        "seconds": significant(seconds),
    }


def resolved(left: Side, right: Side) -> tuple[dict[str, Any], tuple[Candidates, Array, Array]]:
    """Figures of one pair of sides; and the candidates, probabilities and kept pairs with labels."""
    truth = same_rows(len(left))
    candidates, told = blocked(left, right)
    evidence = score(left, right, candidates)
    match = candidates.left == candidates.right
    joint = estimate(evidence, candidates, left_once=True, right_once=True)
    rated = {
        "similarity_alone": evidence[SIMILARITY].astype(np.float64),
        "no_labels": joint.probability(evidence),
        "labels": join(evidence, match, candidates.left).probability,
    }
    figures: dict[str, Any] = {"blocking": told}
    for name, values in rated.items():
        figures[name] = decided(candidates, values, truth, likely=name != "similarity_alone")
    every = one_to_one(candidates, rated["labels"], None)
    low = threshold_of_best_f1(rated["labels"][every], float(rated["labels"].sum()))
    kept = one_to_one(candidates, rated["labels"], low)
    return figures, (candidates, rated["labels"], kept)


def one_to_one(candidates: Candidates, values: Array, threshold: float | None) -> Array:
    return decide(candidates.left, candidates.right, values, threshold=threshold, shape=candidates.shape)


def decided(candidates: Candidates, values: Array, truth: Truth, *, likely: bool) -> dict[str, Any]:
    """One-to-one: every item paired, those of probability 0.5; and the curve over all candidates."""
    every = one_to_one(candidates, values, None)
    whole = evaluate(
        every, candidates, truth, score=values, probability=values if likely else None, eligible=every
    )
    free = evaluate(every, candidates, truth, score=values).curve
    assert whole.curve is not None and free is not None
    best = whole.curve.best
    told = {
        "all_paired": shares(whole.pairs),
        "best_f1": significant(float(whole.curve.f1[best])),
        "precision_at_recall_0.3": number(whole.curve.precision_at(0.3)),
        "precision_at_recall_0.3_not_one_to_one": number(free.precision_at(0.3)),
        "precision_at_recall_0.5_not_one_to_one": number(free.precision_at(0.5)),
    }
    if likely:
        sure = evaluate(one_to_one(candidates, values, 0.5), candidates, truth)
        told["probability_0.5"] = shares(sure.pairs)
        low = threshold_of_best_f1(values[every], float(values.sum()))
        told["expected_best_f1"] = shares(
            evaluate(one_to_one(candidates, values, low), candidates, truth).pairs
        )
        assert whole.calibration is not None
        told["calibration_error"] = significant(whole.calibration.error)
    return told


def shares(pairs: Any) -> dict[str, float]:
    return {
        name: significant(value)
        for name, value in (("precision", pairs.precision), ("recall", pairs.recall), ("f1", pairs.f1))
    }


def number(value: float) -> float | None:
    return None if np.isnan(value) else significant(value)


def hits(images: Array, texts: Array) -> float:
    """How many are each other's partners when all are paired: what settings are chosen by."""
    from tuwen.matching import match

    scores = unit_rows(images) @ unit_rows(texts).T
    pairing = match(scores, how="optimal")
    return float((pairing.rows == pairing.columns).mean())


def learned(
    fit: tuple[Array, Array], held: tuple[Array, Array], settings: list[dict[str, Any]]
) -> tuple[methods.Method, dict[str, Any]]:
    """CCA, or another method, with the setting that is best on held-out pairs."""
    best: tuple[float, Any, dict[str, Any]] = (-1.0, None, {})
    for setting in settings:
        try:
            made = methods.find(setting.get("method", "cca"))(
                **{name: value for name, value in setting.items() if name != "method"}
            ).fit(*fit)
        except InputError:  # more dimensions than few pairs have
            continue
        found = hits(made.transform(held[0], "image"), made.transform(held[1], "text"))
        if found > best[0]:
            best = (found, made, setting)
    return best[1], {**best[2], "held_out_right": significant(best[0])}


def axes(vectors: Array, count: int, *, centred: bool) -> tuple[Array, Array]:
    """Mean and first principal axes, scaled so that the fitted rows have variance 1 in the mean."""
    mean = vectors.mean(axis=0) if centred else np.zeros(vectors.shape[1], dtype=np.float32)
    gram = (vectors - mean).T @ (vectors - mean)
    turned = np.linalg.eigh(gram)[1][:, ::-1][:, :count].astype(np.float32)
    return mean, turned / ((vectors - mean) @ turned).std()


def captions(folder: Path, part: str, limit: int | None) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {}
    with (folder / f"{part}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["image"], {"en": [], "zh": []})[row["language"]].append(row["caption"])
    return dict(sorted(found.items())[:limit])


def flickr(data: Path, *, quick: bool) -> dict[str, Any]:
    folder = data / "flickr8k"
    val, train = (
        captions(folder, "val", 200 if quick else None),
        captions(folder, "train", 900 if quick else None),
    )
    stored = np.load(data / "features" / "flickr8k_trainval_mobilenetv2_1280.npz")
    row_of = {name: row for row, name in enumerate(stored["names"].tolist())}
    # square roots, since few of a network's last features are large
    features = np.sqrt(
        (stored["features"].astype(np.float32) - stored["zero_point"]).clip(0) * stored["scale"]
    )
    order = np.random.default_rng(0).permutation(len(train))
    names = [list(train)[row] for row in order]
    held, fit = names[: len(val)], names[len(val) :]
    parts = [features[[row_of[Path(name).stem] for name in part]] for part in (fit, held, list(val))]
    mean, turned = axes(parts[0], 384, centred=True)
    images = [(part - mean) @ turned for part in parts]
    mini = encoders.load("mini")
    seen = mini.encode([folder / name for name in val], "image")
    result: dict[str, Any] = {}
    for language in LANGUAGES:
        say(f"Flickr8k, {language}")
        said = [train[name][language] for name in fit]
        own = np.repeat(np.arange(len(fit)), [len(some) for some in said])
        encoder = encoders.load("tfidf,features=4000").fit([text for some in said for text in some])
        first = [val[name][language][0] for name in val]
        texts = [
            encoder.encode(part, "text")
            for part in (
                [t for some in said for t in some],
                [train[name][language][0] for name in held],
                first,
            )
        ]
        _, latent = axes(texts[0], 1024, centred=False)
        texts = [part @ latent for part in texts]
        space, setting = learned((images[0][own], texts[0]), (images[1], texts[1]), SETTINGS)
        ours = [space.transform(images[2], "image"), space.transform(texts[2], "text")]
        built = [seen, mini.encode(first, "text")]
        spaces = {"mini": built, "features_and_space": ours}
        spaces["both_side_by_side"] = [np.hstack(pair) for pair in zip(built, ours, strict=True)]
        result[language] = {
            name: resolved(side("pictures", "image", one), side("captions", "image", two))[0]
            for name, (one, two) in spaces.items()
        }
        result[language]["features_and_space"]["setting"] = setting
    return result


def emoji(data: Path, *, quick: bool) -> dict[str, Any]:
    with (data / "emoji" / "emoji_en_zh.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    rows = rows[::3] if quick else rows
    network = encoders.load(f"graph:{data / 'weights' / 'mobilenet_v2_1.0_224_quant.tflite'}")
    files = [data / "emoji" / "png" / "72" / row["png"] for row in rows]
    say("pictures of emoji")
    seen = unit_rows(np.sqrt(network.encode(files, "image").clip(0)))
    order = np.random.default_rng(0).permutation(len(rows))
    fit, held, test = np.split(order, [len(rows) * 6 // 10, len(rows) * 7 // 10])
    mean, turned = axes(seen[fit], 256, centred=True)
    vectors = {"picture": (seen - mean) @ turned}
    known: dict[str, Array] = {}
    for language in LANGUAGES:
        told = [
            [
                row[f"{language}_name"],
                " ".join([row[f"{language}_name"], *row[f"{language}_keywords"].split("|")]),
            ]
            for row in rows
        ]
        units = "characters,longest=2,features=3000" if language == "zh" else "words"
        encoder = encoders.load(f"tfidf,units={units}").fit([text for row in fit for text in told[row]])
        name, more = (encoder.encode([some[place] for some in told], "text") for place in (0, 1))
        _, latent = axes(np.concatenate([name[fit], more[fit]]), 400, centred=False)
        vectors[language], known[language] = name @ latent, more @ latent
    return {"items": len(test), **three_ways(vectors, known, fit, held, test)}


def three_ways(
    vectors: dict[str, Array], known: dict[str, Array], fit: Array, held: Array, test: Array
) -> dict[str, Any]:
    """Each two of pictures, English and Chinese names; then what all three say together."""
    result: dict[str, Any] = {}
    together: list[tuple[Array, Array, Array, Array]] = []
    starts = {"picture": 0, "en": len(test), "zh": 2 * len(test)}
    for one, two in (("picture", "en"), ("picture", "zh"), ("en", "zh")):
        say(f"emoji, {one} and {two}")
        # names alone, and with their keywords: the more words are learned, the more names are understood
        left = np.concatenate([vectors[one][fit], known.get(one, vectors[one])[fit]])
        right = np.concatenate([vectors[two][fit], known[two][fit]])
        cca, setting = learned((left, right), (vectors[one][held], vectors[two][held]), FEW)
        sides = cca.transform(vectors[one][test], "image"), cca.transform(vectors[two][test], "text")
        figures, (candidates, rated, kept) = resolved(
            side(one, "image", sides[0]), side(two, "image", sides[1])
        )
        result[f"{one}_{two}"] = {**figures, "setting": setting}
        together.append((starts[one] + candidates.left, starts[two] + candidates.right, rated, kept))
    offsets = np.cumsum([0, *(len(part[0]) for part in together)])[:-1]
    left, right, rated = (np.concatenate([part[place] for part in together]) for place in range(3))
    kept = np.concatenate([part[3] + offset for part, offset in zip(together, offsets, strict=True)])
    entities = np.tile(np.arange(len(test)), 3)
    for how in ("components", "strict"):
        found = cluster_figures(clusters(left, right, rated, len(entities), how, kept=kept), entities)
        result[f"clusters_{how}"] = {
            "b_cubed_precision": significant(found.b3_precision),
            "b_cubed_recall": significant(found.b3_recall),
            "b_cubed_f1": significant(found.b3_f1),
            "cluster_f1": significant(found.f1),
        }
    return result


def products(folder: Path) -> dict[str, Any]:
    images, texts = (np.load(folder / f"{kind}_embeddings.npy") for kind in ("image", "text"))
    return resolved(side("pictures", "image", images), side("texts", "image", texts))[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="fewer pictures")
    parser.add_argument("--only", nargs="*", default=[], metavar="PART", help="flickr8k, emoji, products")
    options = parser.parse_args()
    data = data_folder()
    result: dict[str, Any] = {"benchmark": "resolve", "limit_share_of_pairs": SHARE}
    if data is None:
        print_result(
            result | {"skipped": "no data: set TUWEN_DATA to the folder that holds it"}, as_json=options.json
        )
        return
    parts = {
        "products": lambda: products(data / "clip_pairs"),
        "emoji": lambda: emoji(data, quick=options.quick),
        "flickr8k": lambda: flickr(data, quick=options.quick),
    }
    for name, part in parts.items():
        if not options.only or name in options.only:
            result[name] = part()
    print_result(result, as_json=options.json)


if __name__ == "__main__":
    main()
