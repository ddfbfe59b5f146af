"""Nothing fits: the calibrated cutoff beside a flat cut of the cosine.

Each query is asked twice: with its true items in the collection, and with them taken out. Cutoffs are
made on half of the entities to accept 5 % of the queries without a true item, and measured on the other
half: false accepts, and false rejects among all queries and among those whose best hit is true. Where
there is a folder of foreign texts, also the share of those that is accepted.

    python benchmarks/nothing_fits.py --json
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np

from common import data_folder, print_result, say, significant
from tuwen.arrays import top_k, unit_rows
from tuwen.rank import Cutoff

TARGET = 0.05
DEPTH = 40


def answers(
    queries: np.ndarray, items: np.ndarray, own: np.ndarray, of: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Best cosines of each query, and which are of its own entity."""
    columns, scores = top_k(queries @ items.T, DEPTH)
    return scores, of[columns] == own[:, None]


def without(scores: np.ndarray, true: np.ndarray) -> np.ndarray:
    return np.stack([row[~mask][:11] for row, mask in zip(scores, true, strict=True)])


def measure(
    queries: np.ndarray, items: np.ndarray, own: np.ndarray, of: np.ndarray, foreign: np.ndarray | None
) -> dict[str, Any]:
    """Ours and the flat cut on one set of pairs."""
    rng = np.random.default_rng(0)
    entities = rng.permutation(np.unique(own))
    learn = np.isin(own, entities[: len(entities) // 2])
    scores, true = answers(queries, items, own, of)
    background = items[rng.choice(len(items), min(512, len(items)), replace=False)]
    cutoff = Cutoff.fit(queries[learn], scores[learn], true[learn], background, target=TARGET)
    held, hit = ~learn, true[~learn, 0]
    absent = without(scores, true)
    flat = float(np.quantile(absent[learn, 0], 1 - TARGET))
    rated = {
        "ours": (
            cutoff.accepts(cutoff.probabilities(queries[held], absent[held])),
            cutoff.accepts(cutoff.probabilities(queries[held], scores[held])),
        ),
        "flat_cosine": (absent[held, 0] > flat, scores[held, 0] > flat),
    }
    result: dict[str, Any] = {
        "queries_held_out": int(held.sum()),
        "best_hit_is_true": significant(float(hit.mean())),
        "area_under_curve": significant(cutoff.area),
    }
    for name, (no, yes) in rated.items():
        result[name] = {
            "false_accepts": significant(float(no.mean())),
            "false_rejects": significant(float(1 - yes.mean())),
            "false_rejects_where_best_hit_is_true": significant(float(1 - yes[hit].mean())),
        }
    if foreign is not None:
        _, best = top_k(foreign @ items.T, 11)
        result["ours"]["foreign_accepts"] = significant(
            float(cutoff.accepts(cutoff.probabilities(foreign, best)).mean())
        )
        result["flat_cosine"]["foreign_accepts"] = significant(float((best[:, 0] > flat).mean()))
    return result


def embeddings(folder: Path) -> dict[str, Any]:
    images = unit_rows(np.load(folder / "image_embeddings.npy"))
    texts = unit_rows(np.load(folder / "text_embeddings.npy"))
    own = np.arange(len(images))
    return {
        "text_to_image": measure(texts, images, own, own, None),
        "image_to_text": measure(images, texts, own, own, None),
    }


def flickr(folder: Path, foreign: Path, limit: int) -> dict[str, Any]:
    from tuwen import encoders

    encoder = encoders.load("mini")
    with (folder / "val.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = sorted({row["image"] for row in rows})[:limit]
    place = {name: number for number, name in enumerate(names)}
    images = encoder.encode([folder / name for name in names], "image")
    titles = foreign.read_text(encoding="utf-8").splitlines()[:1000] if foreign.is_file() else []
    strange = encoder.encode([line.split("\t")[0] for line in titles], "text") if titles else None
    result = {}
    for language in ("en", "zh"):
        mine = [row for row in rows if row["language"] == language and row["image"] in place]
        texts = encoder.encode([row["caption"] for row in mine], "text")
        own = np.array([place[row["image"]] for row in mine])
        result[f"{language}_to_image"] = measure(texts, images, own, np.arange(len(names)), strange)
        result[f"image_to_{language}"] = measure(images, texts, np.arange(len(names)), own, None)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="fewer pictures")
    options = parser.parse_args()
    result: dict[str, Any] = {"benchmark": "nothing_fits", "limit_false_accepts": TARGET}
    data = data_folder()
    if data is None:
        print_result(
            result | {"skipped": "no data: set TUWEN_DATA to the folder that holds it"}, as_json=options.json
        )
        return
    if (data / "clip_pairs").is_dir():
        say("embeddings of a large dual encoder")
        result["clip_product_pairs"] = embeddings(data / "clip_pairs")
    if (data / "flickr8k").is_dir():
        say("mini on Flickr8k val")
        limit = 300 if options.quick else 1000
        result["mini_flickr8k_val"] = flickr(data / "flickr8k", data / "thucnews" / "dev.txt", limit)
    print_result(result, as_json=options.json)


if __name__ == "__main__":
    main()
