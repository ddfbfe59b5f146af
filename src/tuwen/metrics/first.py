"""Figures of the first true item: its rank, and the reciprocal of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.metrics.combinations import harmonic
from tuwen.metrics.groups import Groups
from tuwen.metrics.metric import Metric, check_k

_NEVER = 1e-17  # a probability that changes no float64 any more


@dataclass(frozen=True)
class MedianRank(Metric):
    """Rank of the first true item, from 1; over queries, the median.

    With G items above the best group that holds true items, and r of its t items true: the mean over all
    orders is G + (t + 1) / (r + 1).
    """

    summary = "median"
    can_be_zero = False

    @property
    def title(self) -> str:
        """`median rank`."""
        return "median rank"

    def of(self, groups: Groups) -> Array:
        """Rank of each query."""
        above, size, true = groups.first()
        return np.asarray(above + (size + 1) / (true + 1))


@dataclass(frozen=True)
class MRR(Metric):
    """The reciprocal of the rank of the first true item.

    With G, t and r as in `MedianRank`: the sum over j of 1 / (G + j) C(t - j, r - 1) / C(t, r).

    Args:
        k: Places that count; all when None.
    """

    k: int | None = None

    def __post_init__(self) -> None:
        check_k(self.k)

    @property
    def title(self) -> str:
        """`MRR@10`."""
        return f"MRR@{'all' if self.k is None else self.k}"

    def of(self, groups: Groups) -> Array:
        """Reciprocal rank of each query."""
        above, size, true = groups.first()
        places = size if self.k is None else np.clip(self.k - above, 0, size)
        values: Array = harmonic(above, places) / size  # right where one item is true
        rows = np.flatnonzero(true != 1)
        values[rows] = _reciprocals(above[rows], size[rows], true[rows], places[rows])
        return values


def _reciprocals(above: Array, size: Array, true: Array, places: Array) -> Array:
    """Mean reciprocal rank of the first of the true items, place by place."""
    values, left = np.zeros(len(above)), np.ones(len(above))  # left: probability that none was before
    for place in range(int(places.max(initial=0))):
        here = np.where(place < places, left * np.minimum(true / np.maximum(size - place, 1), 1), 0)
        values += here / (above + place + 1)
        left = left - here
        if not (left[place + 1 < places] > _NEVER).any():
            break
    return values
