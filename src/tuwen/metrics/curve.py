"""Precision against recall, from the first place to the last."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.metrics.groups import Groups, Ties
from tuwen.metrics.measure import measure
from tuwen.metrics.measured import Empty, Protocol
from tuwen.metrics.metric import Metric
from tuwen.metrics.relevance import Relevance, as_relevance
from tuwen.metrics.sources import Scores, as_scores


@dataclass(frozen=True, eq=False)
class Curve:
    """Precision and recall after each of some numbers of places; the last is all items, of recall 1.

    Attributes:
        protocol: What was measured, and how.
        places: (p,) numbers of places, rising.
        precisions: (queries, p); NaN for queries that are skipped.
        recalls: (queries, p).
    """

    protocol: Protocol
    places: Array
    precisions: Array
    recalls: Array

    @property
    def precision(self) -> Array:
        """Mean over the queries that count, (p,)."""
        return np.asarray(self.precisions[~np.isnan(self.precisions[:, 0])].mean(axis=0))

    @property
    def recall(self) -> Array:
        """Mean over the queries that count, (p,)."""
        return np.asarray(self.recalls[~np.isnan(self.recalls[:, 0])].mean(axis=0))

    @property
    def area(self) -> float:
        """Area under the mean curve; left of its first point it is level."""
        recall = np.concatenate([[0], self.recall])
        return float(np.trapezoid(np.concatenate([self.precision[:1], self.precision]), recall))


def precision_recall(
    scores: Scores | Array,
    relevant: Relevance | Array,
    *,
    points: int = 200,
    ties: Ties = "expected",
    empty: Empty = "skip",
    note: str = "",
) -> Curve:
    """Precision and recall after 1 ... m places.

    Args:
        scores: As for `measure`.
        relevant: As for `measure`.
        points: How many numbers of places at most, each about as many times the one before; the first is 1,
            the last all items.
        ties: As for `measure`.
        empty: As for `measure`.
        note: What else belongs to the protocol.

    Raises:
        InputError: As for `measure`; there are no items, no query counts, or fewer than two points.
    """
    scores, relevance = as_scores(scores), as_relevance(relevant)
    if points < 2:
        raise InputError(f"points is {points}; a curve has at least 2")
    if not scores.items:
        raise InputError("there are no items; a curve needs some")
    places = np.unique(np.geomspace(1, scores.items, points).round().astype(np.int64))
    measured = measure(scores, relevance, [_Hits(tuple(places))], ties=ties, empty=empty, note=note)[0]
    if np.isnan(measured.values[:, :1]).all():
        raise InputError("no query has a true item; there is no curve")
    total = np.array([len(relevance.columns(query)) for query in range(scores.queries)])[:, None]
    recalls = measured.values / np.maximum(total, 1)
    return Curve(measured.protocol, places, measured.values / places, recalls)


@dataclass(frozen=True)
class _Hits(Metric):
    """True items among the first k, for several k at once."""

    places: tuple[int, ...]

    @property
    def title(self) -> str:
        """How the curve is called in a protocol."""
        return "precision-recall curve by rank"

    def of(self, groups: Groups) -> Array:
        """Hits, (n, places). In the mean over orders they grow evenly within a group."""
        hits = np.zeros((len(groups.total), len(self.places)))
        for row, holds in enumerate(groups.true > 0):
            start, before = groups.above[row, holds], groups.true_above[row, holds]
            ends = np.stack([start, start + groups.size[row, holds]], axis=1).ravel()
            counts = np.stack([before, before + groups.true[row, holds]], axis=1).ravel()
            if len(ends):
                hits[row] = np.interp(self.places, ends, counts)
        return hits
