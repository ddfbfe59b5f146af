"""Figures of a fitted method, both ways, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from tuwen.arrays import Array
from tuwen.bench.loading import Material
from tuwen.bench.runs import DIRECTIONS, Cell, Direction
from tuwen.bench.timing import Stopwatch
from tuwen.bench.twostage import OPTIONS, Reranked, judge_of
from tuwen.datasets import Pairs
from tuwen.errors import InputError
from tuwen.machine import threads
from tuwen.methods import Coder, CommonSpace, Hasher, Method
from tuwen.metrics import Codes, Guessing, Vectors, measure, named, precision_recall
from tuwen.metrics.sources import Scores, as_scores
from tuwen.rerank import DEPTH

_WHOLE = 1 << 26  # scores that are held at once where a method can only score pairs: 256 MB
_BLOCK = 1 << 24
Similarity = Callable[..., Array]
_ITEMS = {
    "vectors": "",
    "modality": "items coded from their own modality",
    "fused": "items coded from both of their modalities",
    "training": "items have the codes that training learned from both modalities",
}


@dataclass(frozen=True, slots=True)
class Scored:
    """What is measured of a method; fields as those of `Run`."""

    protocols: dict[str, str] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    chance: dict[str, float] = field(default_factory=dict)
    values: dict[str, Array] = field(default_factory=dict)
    curves: dict[str, Array] = field(default_factory=dict)
    code_seconds: float = 0.0
    notes: tuple[str, ...] = ()


def score(cell: Cell, method: Method, material: Material, second: Method | None = None) -> Scored:
    """Measure a fitted method on queries and items, from images to texts and back.

    Args:
        cell: How.
        method: Fitted.
        material: What is asked and searched.
        second: Fitted too; it scores the first hits again.

    Raises:
        InputError: The method cannot code as the cell asks, or nothing tells what is true.
    """
    metrics = [named(name) for name in cell.metrics]
    with Stopwatch() as watch:
        sources = _sources(cell, method, material)
        notes = list[str]()
        if second is not None:
            sources, notes = _again(cell, sources, second, material)
    scored = Scored(code_seconds=watch.seconds, notes=tuple(notes))
    how: dict[str, Any] = {"ties": cell.ties, "empty": cell.empty, "note": _note(cell)}
    for direction in DIRECTIONS:
        relevant = material.relevant(direction, fused=cell.codes in ("fused", "training"))
        scores = sources[direction]
        measured = measure(scores, relevant, metrics, threads=min(8, threads()), **how)
        # a guess ranks all alike: with any other rule for ties it would be no guess
        blind = Guessing(scores.queries, scores.items)
        guessed = measure(blind, relevant, metrics, **how | {"ties": "expected"})
        for name, found, chance in zip(cell.metrics, measured, guessed, strict=True):
            key = f"{direction}/{name}"
            scored.protocols[key] = str(found.protocol)
            scored.figures[key], scored.chance[key] = found.value, chance.value
            scored.values[key] = found.values
        if found.protocol.without == found.protocol.queries:
            raise InputError(f"no query of {direction} has a true item; there is nothing to measure")
        curve = precision_recall(scores, relevant, **how)
        scored.curves[direction] = np.stack([curve.precision, curve.recall])
    return scored


def _again(
    cell: Cell, sources: dict[Direction, Scores], second: Method, material: Material
) -> tuple[dict[Direction, Scores], list[str]]:
    """Scores whose first items are in the order of both stages, and what a reader must know of them."""
    if material.items is not material.asked:
        raise InputError("a second stage is measured among the items of the scored part: database='part'")
    images, texts = material.asked.features
    depth, made, notes = int(cell.options.get("depth", DEPTH)), dict[Direction, Scores](), []
    how: dict[str, Any] = {"ties": cell.ties, "empty": cell.empty}
    for direction, first in sources.items():
        judge = judge_of(second, images, texts, turned=direction == "t2i")
        made[direction] = reranked = Reranked(first, judge, depth)
        relevant = material.relevant(direction, fused=False)
        (bound,) = measure(first, relevant, [named(f"hit@{reranked.depth}")], **how)
        notes.append(
            f"{direction}: {reranked.ms:.1f} ms a query to rerank {reranked.depth}; {bound.value:.1%} of the "
            "queries have a true item among them"
        )
    return made, notes


def _note(cell: Cell) -> str:
    """What else decides what a figure means."""
    searched = {"part": "", "train": "the training pairs are searched", "database": "a database is searched"}
    options = [f"{name}={value}" for name, value in sorted(cell.options.items())]
    return "; ".join(filter(None, [searched[cell.database], _ITEMS[cell.codes], *options]))


def _sources(cell: Cell, method: Method, material: Material) -> dict[Direction, Scores]:
    asked, items = material.asked.features, material.items.features
    if isinstance(method, Hasher) and cell.codes != "vectors":
        return _coded(cell, method, material)
    if cell.codes != "vectors":
        raise InputError(f"{cell.method} gives no hash codes, so codes is 'vectors', not {cell.codes!r}")
    if isinstance(method, CommonSpace) and type(method).similarity is CommonSpace.similarity:
        queries = _sides(method, material.asked)
        found = queries if material.items is material.asked else _sides(method, material.items)
        return {"i2t": Vectors(queries[0], found[1]), "t2i": Vectors(queries[1], found[0])}
    score_pairs: Similarity = method.similarity
    options = {name: value for name, value in cell.options.items() if name not in OPTIONS}
    similarity = partial(score_pairs, **options)
    if material.items is material.asked:
        whole = _pairwise(similarity, asked[0], asked[1], bool(options))
        return {"i2t": whole, "t2i": _turned(whole)}
    return {
        "i2t": _pairwise(similarity, asked[0], items[1], bool(options)),
        "t2i": _turned(_pairwise(similarity, items[0], asked[1], bool(options))),
    }


def _sides(method: Coder, pairs: Pairs) -> tuple[Array, Array]:
    """Codes of the images and of the texts, each from its own features."""
    images, texts = pairs.features
    return method.transform(images, "image"), method.transform(texts, "text")


def _coded(cell: Cell, method: Hasher, material: Material) -> dict[Direction, Scores]:
    """Packed codes of queries, from their own modality, and of items as the cell says."""
    images, texts = _sides(method, material.asked)
    if cell.codes == "modality":
        same = material.items is material.asked
        found = (images, texts) if same else _sides(method, material.items)
        return {"i2t": Codes(images, found[1]), "t2i": Codes(texts, found[0])}
    if cell.codes == "fused":
        both = method.database_codes(*material.items.aligned[:2])
    else:
        both = _learned(cell, method, material)
    return {"i2t": Codes(images, both), "t2i": Codes(texts, both)}


def _learned(cell: Cell, method: Hasher, material: Material) -> Array:
    """The codes that training gave the training pairs."""
    if not method.learns_codes or material.items is not material.train:
        raise InputError(
            f"codes is 'training', but {cell.method} learns none or other items are searched; "
            "use 'modality', or 'fused' where the method fuses"
        )
    codes = np.asarray(vars(method)["training_codes_"])
    if len(codes) != len(material.train.relevance):
        raise InputError(f"{cell.method} learned codes of {len(codes)} pairs only; use codes 'modality'")
    return codes


class _Blocks(Scores):
    """Scores of pairs, computed a block of rows at a time; `turned` when texts ask."""

    def __init__(self, similarity: Similarity, images: Array, texts: Array, *, turned: bool = False) -> None:
        self._similarity, self._images, self._texts, self.turned = similarity, images, texts, turned
        counts = len(images), len(texts)
        self.queries, self.items = counts[::-1] if turned else counts

    @property
    def rows(self) -> int:
        """Queries in a block."""
        return max(1, _BLOCK // max(self.items, 1))

    def block(self, start: int, stop: int) -> Array:
        """Scores of some queries with all items."""
        if self.turned:
            return np.asarray(self._similarity(self._images, self._texts[start:stop]).T)
        return np.asarray(self._similarity(self._images[start:stop], self._texts))

    def other(self) -> _Blocks:
        """The same pairs, asked from the other side."""
        return _Blocks(self._similarity, self._images, self._texts, turned=not self.turned)


def _pairwise(similarity: Similarity, images: Array, texts: Array, together: bool) -> Scores:
    """Scores of all pairs: at once when they are few or depend on each other, else a block at a time."""
    if together or len(images) * len(texts) <= _WHOLE:
        return as_scores(similarity(images, texts))
    return _Blocks(similarity, images, texts)


def _turned(scores: Scores) -> Scores:
    """The same scores, asked from the other side."""
    if isinstance(scores, _Blocks):
        return scores.other()
    return as_scores(np.ascontiguousarray(scores.block(0, scores.queries).T))
