"""Average precision in closed form, the mean over all orders of items of equal score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.metrics.combinations import harmonic, hypergeometric
from tuwen.metrics.groups import Groups
from tuwen.metrics.metric import Metric, check_k

#: What the sum of precisions is divided by: all true items; as many as k places can hold; those found there.
Denominator = Literal["relevant", "min", "found"]
DENOMINATORS: tuple[Denominator, ...] = ("relevant", "min", "found")


@dataclass(frozen=True)
class AP(Metric):
    """Average precision: the mean, over true items, of the precision at their rank.

    In a group of t items of equal score, r of them true, below G items of which R are true, place j holds a
    true item with probability r / t, and then (j - 1)(r - 1) / (t - 1) true ones of the group stand before
    it. Over all orders, the group's first s places add, in the mean,

        r / t [(R + 1) h + (r - 1) / (t - 1) (s - (G + 1) h)],   h = 1 / (G + 1) + ... + 1 / (G + s).

    Args:
        k: Places that count; all when None.
        denominator: `relevant` divides by all true items (002 eq. 5), `min` by at most k, `found` by those
            among the first k, as some released code does: it rewards finding few.
    """

    k: int | None = None
    denominator: Denominator = "relevant"

    def __post_init__(self) -> None:
        check_k(self.k)
        if self.denominator not in DENOMINATORS:
            raise InputError(
                f"denominator is {self.denominator!r}; it is one of {', '.join(map(repr, DENOMINATORS))}"
            )

    @property
    def title(self) -> str:
        """`mAP@50 over min(50, relevant)`."""
        if self.k is None:
            return f"mAP@all over {'found' if self.denominator == 'found' else 'relevant'}"
        over = {"relevant": "relevant", "min": f"min({self.k}, relevant)", "found": f"found in {self.k}"}
        return f"mAP@{self.k} over {over[self.denominator]}"

    def of(self, groups: Groups) -> Array:
        """Average precision of each query."""
        places = groups.places(self.k)
        sums = _precisions(groups.above, groups.true_above, places, groups.true, groups.size)
        if self.k is not None and self.denominator == "found":
            return _over_found(groups, places, sums)
        most = (
            groups.total if self.k is None or self.denominator != "min" else np.minimum(self.k, groups.total)
        )
        return np.asarray(sums.sum(axis=1) / np.maximum(most, 1))


def _precisions(above: Array, true_above: Array, places: Array, true: Array, size: Array) -> Array:
    """Precision summed over the true items in the first places of groups, in the mean."""
    steps = harmonic(above, places)
    before = (true - 1) / np.maximum(size - 1, 1) * (places - (above + 1) * steps)
    return np.asarray(true / np.maximum(size, 1) * ((true_above + 1) * steps + before))


def _over_found(groups: Groups, places: Array, sums: Array) -> Array:
    """Mean of the sum of precisions over the number of true items found, (n,).

    At most one group has the k-th place in its middle. How many of its true items are found there is
    hypergeometric; given that, all places before the k-th are alike.
    """
    split = (places > 0) & (places < groups.size) & (groups.true > 0)
    sure = np.where(split, 0, sums).sum(axis=1)
    found = np.where((places > 0) & ~split, groups.true, 0).sum(axis=1)
    values: Array = sure / np.maximum(found, 1)
    rows = np.flatnonzero(split.any(axis=1))
    where = split[rows].argmax(axis=1)
    above, size, true = (part[rows, where] for part in (groups.above, groups.size, groups.true))
    true_above, within = groups.true_above[rows, where], places[rows, where]
    values[rows] = 0
    for hits in range(int(np.minimum(within, true).max(initial=-1)) + 1):
        more = _precisions(above, true_above, within, np.minimum(hits, within), within)
        mean = (sure[rows] + more) / np.maximum(found[rows] + hits, 1)
        values[rows] += hypergeometric(np.full_like(size, hits), size, true, within) * mean
    return values
