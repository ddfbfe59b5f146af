"""What a training gave, measured on pairs held out: figures both ways, and questions a second."""

from __future__ import annotations

import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tuwen import metrics
from tuwen.arrays import Array
from tuwen.collection import Collection
from tuwen.learned import Learned
from tuwen.methods import Hasher
from tuwen.query import Part, Query
from tuwen.records import Record
from tuwen.training import reporting
from tuwen.training.material import Material

PLACES = (1, 5, 10)
FIGURES = (*(f"hit@{k}" for k in PLACES), *(f"precision@{k}" for k in PLACES), "map")
_WARM, _QUESTIONS = 5, 300


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Figures on pairs held out.

    Attributes:
        rows: One for each direction, what counts as true (`pair`, `class`) and way to score (`trained`,
            `chance`), with `FIGURES` from 0 to 1.
        pictures: That were ranked.
        texts: The same.
        questions: Texts that a collection of the pictures was asked, one after the other.
        per_second: Questions a second, end to end: from the text to ten hits.
        median_ms: Of a question.
    """

    rows: tuple[dict[str, Any], ...]
    pictures: int
    texts: int
    questions: int
    per_second: float
    median_ms: float

    @property
    def guesses(self) -> bool:
        """Whether partners rank no better than guessing puts them, by the mean of both directions."""
        total = dict.fromkeys(("trained", "chance"), 0.0)
        for row in self.rows:
            if row["true"] == "pair":
                total[row["scores"]] += row["map"]
        return total["trained"] <= total["chance"] * 1.001  # equal codes are chance, but for rounding


def evaluate(folder: Path, held: Material) -> Evaluation:
    """Measure a folder with a method and its encoders.

    Args:
        folder: As `learned.Learned.open` takes it.
        held: Pairs that were not learned from, all of whose pictures can be decoded.
    """
    encoder = Learned.open(folder)
    images, texts = encoder.encode_images(held.pictures), encoder.encode_texts(held.texts)
    scores = images @ texts.T
    if isinstance(encoder.method, Hasher):  # codes at one distance are one group, whatever the rounding
        scores = np.round(scores * encoder.width)
    questions, median, rate = _asked(folder, held)
    return Evaluation(
        rows=tuple(figures(scores, held)),
        pictures=len(held.pictures),
        texts=len(held.texts),
        questions=questions,
        per_second=rate,
        median_ms=median,
    )


def figures(scores: Array, held: Material) -> list[dict[str, Any]]:
    """Figures of (n_images, n_texts) scores both ways, beside chance; by class too where all have one."""
    matches = np.array([(image, text) for image, of in enumerate(held.texts_of) for text in of])
    truths: dict[str, Any] = {"pair": None}
    if held.classes is not None:
        of_text = np.zeros((len(held.texts), held.classes.shape[1]), dtype=np.float32)
        for image, text in matches:
            of_text[text] = np.maximum(of_text[text], held.classes[image])
        truths["class"] = of_text
    wanted = [metrics.named(name) for name in FIGURES]
    rows = []
    for direction, turned in (("text to image", True), ("image to text", False)):
        queries, items = scores.shape[::-1] if turned else scores.shape
        for truth, of_text in truths.items():
            if truth == "pair":
                relevant = metrics.by_pairs(
                    matches[:, ::-1] if turned else matches, queries=queries, items=items
                )
            else:
                sides = (of_text, held.classes) if turned else (held.classes, of_text)
                relevant = metrics.by_labels(*sides)
            for way in ("trained", "chance"):
                found: Any = metrics.Guessing(queries, items) if way == "chance" else scores
                found = found.T if turned and way == "trained" else found
                measured = metrics.measure(found, relevant, wanted)
                values = {name: one.value for name, one in zip(FIGURES, measured, strict=True)}
                rows.append({"direction": direction, "true": truth, "scores": way, **values})
    return rows


def write_report(folder: Path, about: dict[str, Any], found: Evaluation | None) -> None:
    """Write the figures as `reporting.write_report` does."""
    task = about["task"]
    told = (
        f"{task['image']} at {task['size']} pixels, {task['text']}, head {task['head']} of width "
        f"{task['width']}, loss {task['loss']}; {task['pictures']:,} pictures with {task['texts']:,} texts"
    )
    values, tables = (None, []) if found is None else (asdict(found), _table(found))
    reporting.write_report(folder, about, values, title="Training", task=told, each="pairs", tables=tables)


def _table(found: Evaluation) -> list[str]:
    lines = [
        f"Held out: {found.pictures:,} pictures with {found.texts:,} texts, all ranked. `hit@k`: a true "
        "item is among the first k; `precision@k`: the share of true ones among the first k. A true "
        "item is the partner (`pair`) or of the same class (`class`). Equal scores count by the mean "
        "over their orders.",
        "",
        "| direction | true | scores | " + " | ".join(FIGURES) + " |",
        "|---|---|---|" + "---:|" * len(FIGURES),
    ]
    for row in found.rows:
        values = " | ".join(f"{row[name]:.4f}" for name in FIGURES)
        lines.append(f"| {row['direction']} | {row['true']} | {row['scores']} | {values} |")
    lines += [
        "",
        f"Questions: {found.questions:,} texts, one after the other, to a collection of {found.pictures:,} "
        f"pictures, ten hits each, from the text to the hits: {found.per_second:,.1f} a second, "
        f"{found.median_ms:.1f} ms in the median.",
        "",
    ]
    return lines


def _asked(folder: Path, held: Material) -> tuple[int, float, float]:
    """Questions asked, the median of one in milliseconds, and how many a second."""
    with tempfile.TemporaryDirectory(prefix="tuwen-") as place:
        collection = Collection.create(Path(place) / "asked", method=folder)
        collection.add(Record(entity=str(row), images=(one,)) for row, one in enumerate(held.pictures))
        collection.finish()
        texts = [text for text in dict.fromkeys(held.texts) if text.strip()][: _WARM + _QUESTIONS]
        seconds = []
        for text in texts:
            start = time.perf_counter()
            collection.search(Query(parts=(Part(text=text),)), k=PLACES[-1])
            seconds.append(time.perf_counter() - start)
    measured = np.array(seconds[_WARM:] or seconds or [np.nan])
    return len(measured), float(np.median(measured) * 1e3), float(len(measured) / measured.sum())
