"""Pictures for headlines on press photographs: what each ranking finds, what they find fused, and AHR.

    python benchmarks/illustrate.py [--validate] [--quick] [--json]

Data: 1,693 news items of 10 classes with MobileNetV2 features of their pictures. Items that tell one story
or show one picture stay together, and 1,196 teach while 497 ask, by a seed. Each of the 497 asks with its
text for its own picture among the 497 pictures, none of which has a text in the library. All that was chosen
was chosen by cross-validation within the 1,196 (`--validate` prints it); the 497 were then scored once. Rows
with `mini` see the pictures through another network too; all others know them by the same features. `flickr`
is learned from 6,000 pictures of Flickr8k with Chinese captions, on those features too. AHR (paper 000) is of
all items: nothing is learned from their pairs.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

import common
import page
import webnews
from tuwen import encoders
from tuwen.arrays import Array
from tuwen.classes import find as classifier
from tuwen.illustrate import evaluating, spaces
from tuwen.illustrate.base import Library
from tuwen.illustrate.fusing import standard
from tuwen.illustrate.own_space import OwnSpace
from tuwen.illustrate.signals import Asked, through
from tuwen.illustrate.telling import title_of
from tuwen.illustrate.weighing import learn_weights
from webnews import News, by_triples, doc2vec, items, padded, part, plain_cca, rank, text_space

PAGE = Path(__file__).resolve().parents[1] / "docs" / "illustrate-results.md"
POOL = 497
HEAD = """# Pictures for headlines: results

{teach:,} press items with picture and text teach, {pool} others ask; they are cut by a seed so that no story
and no picture stands on both sides. Pictures are known by pooled MobileNetV2 features. Measured {date}:
`python benchmarks/illustrate.py --json`; this page is written from what it prints (`--page`). How the
rankings are made is in [illustrate.md](illustrate.md).
"""
SECTIONS = (
    ("Its own picture for a headline", "rankings",
     "Each text asks for its own picture among the pool, of which the library has pictures alone. `cca` "
     "is plain canonical correlation of 100 principal axes a side, 50 directions; `own` is the space "
     "that the library's pairs teach; `through` takes pictures like those of the nearest texts, by TF- "
     "IDF, by the triples of titles or by paragraph vectors; `same class` asks whether both are of one "
     "class; `flickr` was learned from Flickr8k with Chinese captions; `fused` sums `through`, `own` and "
     "`flickr` by weights that the library's own headlines taught. With them stand the 95 % interval of "
     "MRR (bootstrap over headlines), by how much `fused` is more, and the p of a paired permutation "
     "test."),
    ("By class", "mrr_by_class",
     "MRR of each ranking."),
    ("With a second network", "with_another_network",
     "`mini` sees the pictures through a network of its own: alone, and in the place of `flickr`."),
    ("Asked by the first sentence alone", "first_sentence_alone",
     "A sentence of at most 80 characters instead of the whole text."),
    ("Do neighbours agree: AHR of paper 000", "ahr",
     "How often the R nearest pictures and the R nearest texts of an item meet, all items, by vectors of "
     "texts; beside it what lists drawn by chance get. Within a class both lists hold only items of the "
     "class. The two variants of the paper are paragraph vectors (PV-DM, PV-DBOW) and triples by "
     "paragraph vectors (S = 0.6·S1 + 0.4·S2, whole texts where a triple is missing); here they learn "
     "from these items' texts, not from Wikipedia, so their figures stand beside chance and not beside "
     "the paper's."),
)  # fmt: skip
SEED = 0


class Trial:
    """One library that teaches, and headlines that ask for their own pictures in a pool.

    Args:
        teach: Items with picture and text.
        ask: Items of which the library has the picture alone.
        other: Pictures and captions of Flickr8k.
        headline: Ask with the first sentence instead of the whole text.
    """

    def __init__(
        self, teach: News, ask: News, other: tuple[Array, list[str]], *, headline: bool = False
    ) -> None:
        self.teach, self.ask = teach, ask
        self.words = text_space(spaces.TEXT, teach.texts)
        self.asked = [title_of(text) for text in ask.texts] if headline else ask.texts
        self.vectors = self.words.encode(teach.texts), self.words.encode(self.asked)
        self.own = spaces.learn(teach.images, self.vectors[0])
        self.other = OwnSpace(spread=1.0, ridge=5.0).fit(other[0], self.words.encode(other[1]))

    def scores(self) -> dict[str, Array]:
        """Scores (asked, pool) of every ranking alone, and of fused ones."""
        made = {"cca": plain_cca(self.teach, self.ask, self.vectors)}
        flickr = self._cross(self.other)
        made |= self.ranked(self._library(flickr), flickr, "flickr")
        made["same class"] = self._classes()
        mini = self._mini()
        with_mini = self.ranked(self._library(mini), mini, "mini")
        return made | {name: with_mini[name] for name in ("mini", "fused with mini")}

    def ranked(
        self, library: Library, cross: tuple[Array, Array, Array, Array], name: str
    ) -> dict[str, Array]:
        """Each ranking of `tuwen illustrate`, and their sum by weights that the library teaches."""
        known = spaces.Spaces(text=self.words, own=self.own)
        names = ("through", "own", "cross")
        taught = learn_weights(part(library, len(self.teach.ids)), known, names)
        assert taught is not None
        asked = {
            "text": self.vectors[1],
            "own": self.own.transform(self.vectors[1], "text"),
            "cross": cross[1],
        }
        found = rank(library, asked, len(self.teach.ids))
        fused = sum(taught.weights[one] * np.stack([standard(row) for row in found[one]]) for one in names)
        common.say(f"weights {taught.weights}, cross-validated MRR within the library {taught.mrr}")
        return {
            "through": found["through"], "own": found["own"], name: found["cross"],
            "fused" if name == "flickr" else f"fused with {name}": fused,
        }  # fmt: skip

    def through(self, scores: Array) -> Array:
        """Pictures like those of the nearest texts, (asked, pool), by scores (asked, texts that teach)."""
        taught, count = len(self.teach.ids), len(self.ask.ids)
        library = self._with({"image": np.vstack([self.teach.images, self.ask.images])})
        none = np.full(count, np.nan, dtype=np.float32)
        rows = [through(library, "image", np.concatenate([row, none]), Asked(kind="image")) for row in scores]
        return np.stack(rows)[:, taught:]

    def _with(self, vectors: dict[str, Array]) -> Library:
        ids, count = [*self.teach.ids, *self.ask.ids], len(self.ask.ids)
        return items(ids, [*self.teach.texts, *[""] * count], vectors)

    def _library(self, cross: tuple[Array, Array, Array, Array]) -> Library:
        taught, _, pictures, pool = cross
        images = np.vstack([self.teach.images, self.ask.images])
        return self._with(
            {
                "image": images,
                "text": padded(self.vectors[0], len(images)),
                "own-image": self.own.transform(images, "image"),
                "own-text": padded(self.own.transform(self.vectors[0], "text"), len(images)),
                "cross-image": np.vstack([pictures, pool]),
                "cross-text": padded(taught, len(images)),
            }
        )

    def _cross(self, space: OwnSpace) -> tuple[Array, Array, Array, Array]:
        """Vectors in a space of both: texts that teach and ask, pictures that teach and are asked for."""
        texts = (space.transform(vectors, "text") for vectors in self.vectors)
        return (*texts, *(space.transform(news.images, "image") for news in (self.teach, self.ask)))

    def _mini(self) -> tuple[Array, Array, Array, Array]:
        mini = encoders.load("mini")
        texts = (mini.encode_texts(texts) for texts in (self.teach.texts, self.asked))
        return (*texts, *(mini.encode(news.files, "image") for news in (self.teach, self.ask)))

    def _classes(self) -> Array:
        """Chance that headline and picture are of one class, each judged by itself."""
        titles = classifier("titles")().fit(self.teach.texts, self.teach.classes.tolist())
        probe = classifier("probe")().fit(self.teach.images, self.teach.classes.tolist())
        return titles.probabilities(self.asked) @ probe.probabilities(self.ask.images).T


def pictures_for_headlines(teach: News, ask: News, folder: Path, *, quick: bool) -> dict[str, Any]:
    """Every ranking alone and fused, each asking for its own picture; by class; headlines alone."""
    other = webnews.captions(folder)
    trial = Trial(teach, ask, other)
    scores = trial.scores()
    scores["through triples"] = trial.through(by_triples(ask.texts, teach.texts, trial.words))
    for variant in () if quick else ("dm", "dbow"):
        common.say(f"paragraph vectors, {variant}")
        words = doc2vec(teach.texts, variant)
        scores[f"through PV-{variant.upper()}"] = trial.through(
            words.encode(ask.texts) @ words.encode(teach.texts).T
        )
    alone = {name: values for name, values in scores.items() if name != "fused with mini"}
    found = evaluating.finding(alone, ask.ids, ask.ids, fused="fused", classes=ask.classes.tolist())
    seen = evaluating.finding(scores, ask.ids, ask.ids, fused="fused with mini")
    common.say("asked by the first sentence alone")
    short = Trial(teach, ask, other, headline=True).scores()
    by_title = evaluating.finding(short, ask.ids, ask.ids, fused="fused")
    return {
        "chance": rounded(found.chance),
        "rankings": [rounded(row) for row in found.table()],
        "mrr_by_class": [rounded(row) for row in found.by_class()],
        "with_another_network": [rounded(row) for row in seen.table() if "mini" in row["signal"]],
        "first_sentence_alone": [rounded(row) for row in by_title.table()],
        "mrr": {
            "plain_cca": round(found.figures["cca"]["mrr"].value, 4),
            "own": round(found.figures["own"]["mrr"].value, 4),
            "fused": round(found.figures["fused"]["mrr"].value, 4),
        },
    }


def neighbours(news: News, *, quick: bool) -> dict[str, Any]:
    """AHR of pictures with each vector of texts, by class, and over all items."""
    images, classes = news.images @ news.images.T, news.classes.tolist()
    texts: dict[str, Array] = {}
    for name in ("TF-IDF",) if quick else ("TF-IDF", "PV-DM", "PV-DBOW"):
        common.say(f"neighbours by {name}")
        variant = name.removeprefix("PV-").lower()
        tfidf = name == "TF-IDF"
        words = text_space(spaces.TEXT, news.texts) if tfidf else doc2vec(news.texts, variant)
        vectors = words.encode(news.texts)
        texts[name] = vectors @ vectors.T
        if name != "PV-DBOW":
            texts[f"triples, {name}"] = by_triples(news.texts, news.texts, words)
    found: dict[str, Any] = {}
    for name, scores in texts.items():
        rows = evaluating.agreement(images, scores, classes)
        rows += evaluating.agreement(images, scores, classes, within="texts")[-3:]
        rows += evaluating.agreement(images, scores)
        found[name] = _wide(rows)
    return found


def _wide(rows: list[evaluating.Agreement]) -> list[dict[str, Any]]:
    """A row a class: rate, chance and lift of each length."""
    wide = []
    for start in range(0, len(rows), len(evaluating.LENGTHS)):
        group = rows[start : start + len(evaluating.LENGTHS)]
        row: dict[str, Any] = {"class": group[0].name, "items": group[0].items}
        for one in group:
            row |= {
                f"AHR@{one.length}": one.rate,
                f"chance@{one.length}": one.chance,
                f"lift@{one.length}": one.lift,
            }
        wide.append(rounded(row))
    for row, pools in zip(wide[-3:], ("both lists in class", "texts in class", "no classes"), strict=True):
        row["class"] = f"all, {pools}"
    return wide


def validated(news: News, folder: Path, *, quick: bool) -> list[dict[str, Any]]:
    """Cross-validated MRR within the items that teach, of all that was chosen between."""
    other = webnews.captions(folder)
    values: dict[str, list[Array]] = {}
    for teach, ask in list(webnews.folds(news, SEED))[: 1 if quick else None]:
        trial = Trial(teach, ask, other)
        scores = trial.scores()
        for dim in (20, 100):
            scores[f"cca, {dim} directions"] = plain_cca(teach, ask, trial.vectors, dim)
        for spread, ridge in ((0.18, 1.5), (0.4, 1.5), (0.25, 0.6), (0.25, 3.0), (100.0, 1.5)):
            made = OwnSpace(spread=spread, ridge=ridge).fit(teach.images, trial.vectors[0])
            key = f"own, spread {spread:g}, ridge {ridge:g}"
            scores[key] = made.similarity(ask.images, trial.vectors[1]).T
        for name, found in evaluating.finding(scores, ask.ids, ask.ids).figures.items():
            values.setdefault(name, []).append(found["mrr"].values)
    return [
        {"ranking": name, "mrr": round(float(np.concatenate(parts).mean()), 4)}
        for name, parts in values.items()
    ]


def written(result: dict[str, Any]) -> str:
    """The page of results."""
    lines = [HEAD.format(**result), page.machine_line(result["machine"]), ""]
    for title, key, about in SECTIONS:
        lines += [f"## {title}", "", about, ""]
        tables = result[key] if isinstance(result[key], dict) else {"": result[key]}
        for name, rows in tables.items():
            lines += [*([f"**{name}**", ""] if name else []), *page.rows([(None, row) for row in rows])]
    return "\n".join(lines).rstrip() + "\n"


def rounded(row: dict[str, Any]) -> dict[str, Any]:
    """Four digits; without recall, which is the hit rate where one picture is right."""
    kept = {key: value for key, value in row.items() if not key.startswith("recall")}
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in kept.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="one fold, no paragraph vectors; scores no pool")
    parser.add_argument("--validate", action="store_true", help="cross-validate within what teaches; no more")
    parser.add_argument("--page", type=Path, metavar="JSON", help="write the page from a result; no more")
    options = parser.parse_args()
    if options.page:
        PAGE.write_text(written(json.loads(options.page.read_text(encoding="utf-8"))), encoding="utf-8")
        return
    result: dict[str, Any] = {"benchmark": "illustrate"}
    folder = common.data_folder()
    if folder is None or not all((folder / name).is_dir() for name in ("webnews", "features", "flickr8k")):
        lacking = "no news with pictures in the test data: set TUWEN_DATA to the folder that holds webnews"
        common.print_result(result | {"skipped": lacking}, as_json=options.json)
        return
    news = webnews.read(folder)
    out = webnews.held_out(news.story, POOL, SEED)
    teach = news.rows(np.flatnonzero(~out))
    result |= {"teach": len(teach.ids), "pool": int(out.sum()), "stories": len(np.unique(news.story))}
    if options.validate or options.quick:
        result["validation"] = validated(teach, folder, quick=options.quick)
    if not options.validate:
        result["ahr"] = neighbours(news, quick=options.quick)
    if not (options.validate or options.quick):
        result |= pictures_for_headlines(teach, news.rows(np.flatnonzero(out)), folder, quick=False)
    common.print_result(result, as_json=options.json)


if __name__ == "__main__":
    main()
