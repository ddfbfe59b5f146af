"""No fitting picture: whether anything in the library fits a headline, learned from the library's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from tuwen.arrays import Array
from tuwen.calibration import BACKGROUND, FEWEST, LOST, Calibration, Verdict
from tuwen.errors import InputError
from tuwen.illustrate.base import Library
from tuwen.rank import Cutoff

QUERIES = 1000  # of the library's own headlines, at most
BARELY = 0.6  # area under the curve below which nothing is said
_LOOKED_AT = 11  # best scores that a cutoff looks at
_BLOCK = 64  # questions compared with all items at a time

#: What a headline is compared with in each space that may say whether something fits.
_SIDES = {"text": "text", "cross": "cross-image"}
_ASKING = {"text": "text", "cross": "cross-text"}


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Says of a headline whether anything fits.

    A headline and the items stand in one space that joins all that can compare them: its text with their
    texts, and itself with their pictures. The cosine there is the mean of the cosines in each, where each
    is as wide as the others.

    Attributes:
        calibration: Of cosines in that space.
        scales: How much each space counts, so that all spread alike.
        by_class: Whether what fits was told by the classes, else by the pairs alone.
    """

    calibration: Calibration
    scales: Mapping[str, float]
    by_class: bool

    def judge(self, library: Library, vectors: Mapping[str, Array], hidden: Array) -> Verdict | None:
        """The verdict on one headline; None where a space that is needed has no vector of it.

        Args:
            library: With vectors.
            vectors: (d,) of the headline by space.
            hidden: (h,) items that do not count.
        """
        if any(name not in vectors or not vectors[name].any() for name in self.scales):
            return None
        asked = {name: vectors[name][None] for name in self.scales}
        scores = _scores(library, asked, self.scales)[0]
        scores[hidden] = -np.inf
        scores[~library.has("image")] = -np.inf
        best = np.sort(scores[np.isfinite(scores)])[::-1][:_LOOKED_AT].copy()
        return self.calibration.judge(_joined(asked, self.scales)[0], best)

    def to_json(self) -> dict[str, Any]:
        """For `from_json`."""
        return {
            "cutoff": self.calibration.cutoff.to_json(),
            "floor": self.calibration.floor,
            "scales": dict(self.scales),
            "by_class": self.by_class,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """What `to_json` gave."""
        cutoff = Cutoff.from_json(value["cutoff"])
        return cls(Calibration(cutoff, float(value["floor"])), dict(value["scales"]), bool(value["by_class"]))


def learn(library: Library) -> Fit | None:
    """Learn from the library's own headlines when nothing fits; None where that cannot be told.

    With classes, what fits a headline is another item of its class, else its own picture. A headline is
    asked as it is, and with all that fits taken out. Of the spaces that could tell, and of both together,
    the one is taken that tells best on headlines it was not learned from.
    """
    rows = np.flatnonzero(library.has("text") & library.has("image"))
    classed = [library.classes[row] for row in rows]
    by_class = len(set(classed) - {""}) > 1
    if by_class:
        rows = np.array(
            [row for row, name in zip(rows.tolist(), classed, strict=True) if name], dtype=np.int64
        )
    if len(rows) < FEWEST:
        return None
    rng = np.random.default_rng(0)
    rows = np.sort(rng.choice(rows, min(QUERIES, len(rows)), replace=False))
    # without classes only the pair is known to fit, and its text is the headline itself
    ways = [("text",), ("cross",), ("text", "cross")] if by_class else [("cross",)]
    made = [
        found
        for way in ways
        if all(_ASKING[name] in library.vectors for name in way)
        and (found := _learned(library, rows, way, by_class)) is not None
    ]
    best = max(made, key=lambda fit: fit.calibration.cutoff.area, default=None)
    return best if best is not None and best.calibration.cutoff.area >= BARELY else None


def _learned(library: Library, rows: Array, way: tuple[str, ...], by_class: bool) -> Fit | None:
    asked = {name: library.vectors[_ASKING[name]][rows] for name in way}
    usable = np.all([vectors.any(axis=1) for vectors in asked.values()], axis=0)
    rows, asked = rows[usable], {name: vectors[usable] for name, vectors in asked.items()}
    scales = {}
    for name in way:
        some = {name: asked[name][:: max(len(rows) // _BLOCK, 1)]}
        scales[name] = 1 / max(float(_scores(library, some, {name: 1.0}).std()), 1e-6)
    looked, flags = _best(library, rows, asked, scales, by_class)
    rng = np.random.default_rng(0)
    items = np.flatnonzero(library.has("image"))
    sample = np.sort(rng.choice(items, min(BACKGROUND, len(items)), replace=False))
    background = np.concatenate([library.vectors[_SIDES[name]][sample] for name in way], axis=1)
    queries = _joined(asked, scales)
    try:
        cutoff = Cutoff.fit(queries, looked, flags, background)
    except InputError:  # everything fits every headline, so that nothing can be learned about what does not
        return None
    present = cutoff.probabilities(queries, looked)
    return Fit(Calibration(cutoff, float(np.quantile(present, LOST))), scales, by_class)


def _best(
    library: Library, rows: Array, asked: Mapping[str, Array], scales: Mapping[str, float], by_class: bool
) -> tuple[Array, Array]:
    """The best scores that cutoffs look at, (n, 22) best first, and which are of items that fit."""
    hidden, classes = ~library.has("image"), np.array(library.classes)
    parts = []
    for start in range(0, len(rows), _BLOCK):
        some = rows[start : start + _BLOCK]
        part = {name: vectors[start : start + _BLOCK] for name, vectors in asked.items()}
        scores = _scores(library, part, scales)
        scores[:, hidden] = -np.inf
        if by_class:
            scores[np.arange(len(some)), some] = -np.inf
            true = classes[some][:, None] == classes[None]
        else:
            true = some[:, None] == np.arange(len(library))[None]
        parts.append(_looked_at(scores, true))
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _looked_at(scores: Array, true: Array) -> tuple[Array, Array]:
    """The best of those that fit and of those that do not, (n, 22) best first, and which fit."""
    parts = []
    for kept in (true, ~true):
        best = np.sort(np.where(kept, scores, -np.inf), axis=1)[:, ::-1][:, :_LOOKED_AT]
        # where there are fewer, the lowest score of all stands for what is not there
        lowest = np.where(np.isfinite(scores), scores, np.inf).min(axis=1, keepdims=True)
        parts.append(np.where(np.isfinite(best), best, lowest))
    joined = np.concatenate(parts, axis=1)
    flags = np.repeat([[True, False]], [parts[0].shape[1], parts[1].shape[1]], axis=1).repeat(
        len(scores), axis=0
    )
    order = np.argsort(-joined, axis=1, kind="stable")
    return np.take_along_axis(joined, order, axis=1), np.take_along_axis(flags, order, axis=1)


def _scores(library: Library, asked: Mapping[str, Array], scales: Mapping[str, float]) -> Array:
    """Scaled cosines of questions (q, d) with all items, summed over spaces, (q, n)."""
    return np.asarray(
        sum(scale * (asked[name] @ library.vectors[_SIDES[name]].T) for name, scale in scales.items())
    )


def _joined(asked: Mapping[str, Array], scales: Mapping[str, float]) -> Array:
    """Questions side by side in all spaces, so that a product with an item is the sum of scaled cosines."""
    return np.concatenate([scale * asked[name] for name, scale in scales.items()], axis=1)
