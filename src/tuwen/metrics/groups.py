"""Where the true items of a query stand, equal scores kept together: all that a figure needs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from tuwen.arrays import Array

#: What becomes of items of equal score: the mean over all their orders; true ones first; true ones last;
#: the order of the database.
Ties = Literal["expected", "best", "worst", "stable"]
TIES: tuple[Ties, ...] = ("expected", "best", "worst", "stable")

_FEW = 4  # scores that are counted faster than the row is sorted


@dataclass(frozen=True, eq=False)
class Groups:
    """Runs of equal scores of each query, best first; those without a true item may be left out.

    Within a group every order is equally likely. A convention for ties other than `expected` is a finer
    grouping: a group whose items are all true, or a single one, has no orders that differ.

    Attributes:
        above: (n, g) items of higher score.
        size: (n, g) items of the group; 0 where a query has fewer groups than others.
        true: (n, g) true items of the group.
        items: Items ranked.
    """

    above: Array
    size: Array
    true: Array
    items: int

    @cached_property
    def total(self) -> Array:
        """True items of each query, (n,)."""
        return np.asarray(self.true.sum(axis=1))

    @cached_property
    def true_above(self) -> Array:
        """True items of higher score, (n, g)."""
        return np.asarray(np.cumsum(self.true, axis=1) - self.true)

    @cached_property
    def share(self) -> Array:
        """True items as a share of the group, (n, g)."""
        return np.asarray(self.true / np.maximum(self.size, 1))

    def places(self, k: int | None) -> Array:
        """Places of each group that are among the first k of the ranking, (n, g)."""
        return self.size if k is None else np.clip(k - self.above, 0, self.size)

    def hits(self, k: int) -> Array:
        """True items among the first k, in the mean, (n,)."""
        return np.asarray((self.share * self.places(k)).sum(axis=1))

    def first(self) -> tuple[Array, Array, Array]:
        """The best group with a true item: above, size and true, (n,); of queries without one, 0, 1 and 0."""
        if not self.true.shape[1]:
            return np.zeros_like(self.total), np.ones_like(self.total), np.zeros_like(self.total)
        place = (self.true > 0).argmax(axis=1)
        above, size, true = (
            np.take_along_axis(part, place[:, None], axis=1)[:, 0]
            for part in (self.above, self.size, self.true)
        )
        return np.where(true > 0, above, 0), np.where(true > 0, size, 1), true

    def refined(self, ties: Ties) -> Groups:
        """The same with true items before (`best`) or after (`worst`) others of their score."""
        if ties == "expected":
            return self
        above = self.above if ties == "best" else self.above + self.size - self.true
        return Groups(above, self.true, self.true, self.items)


def of_scores(scores: Array, columns: list[Array], ties: Ties) -> Groups:
    """Groups of score rows (n, m), larger is better; `columns` are the true items of each row."""
    found = [_of_row(row, true, ties) for row, true in zip(scores, columns, strict=True)]
    return packed(found, scores.shape[1]).refined("expected" if ties == "stable" else ties)


def of_counts(counts: Array, true: Array) -> Groups:
    """Groups of which the items and the true items were counted, best first, (n, g) each."""
    return Groups(np.cumsum(counts, axis=1) - counts, counts, true, int(counts[:1].sum()))


def packed(rows: list[tuple[Array, Array, Array]], items: int) -> Groups:
    """Groups of rows of different length: above, size and true of each."""
    width = max((len(row[0]) for row in rows), default=0)
    whole = np.zeros((3, len(rows), width), dtype=np.int64)
    for place, row in enumerate(rows):
        whole[:, place, : len(row[0])] = row
    return Groups(whole[0], whole[1], whole[2], items)


def in_order(order: Array, columns: Array) -> tuple[Array, Array, Array]:
    """Each true item a group of its own, where `order` lists the items, best first."""
    marked = np.zeros(len(order), dtype=bool)
    marked[columns] = True
    above = np.flatnonzero(marked[order])
    one = np.ones_like(above)
    return above, one, one


def _of_row(scores: Array, columns: Array, ties: Ties) -> tuple[Array, Array, Array]:
    if ties == "stable":
        # stable from the best down: the rising order of the reversed row, reversed
        order = len(scores) - 1 - np.argsort(scores[::-1], kind="stable")[::-1]
        return in_order(order, columns)
    wanted, true = np.unique(scores[columns], return_counts=True)
    wanted, true = wanted[::-1], true[::-1]
    if len(wanted) <= _FEW:
        above = np.array([np.count_nonzero(scores > score) for score in wanted], dtype=np.int64)
        size = np.array([np.count_nonzero(scores == score) for score in wanted], dtype=np.int64)
        return above, size, true
    ordered = np.sort(scores)
    end = np.searchsorted(ordered, wanted, side="right")
    # most groups hold nothing but their true items: only where the next score down is equal are there more
    size, below = true.copy(), end - true - 1
    wider = np.flatnonzero((below >= 0) & (ordered[np.maximum(below, 0)] == wanted))
    size[wider] = end[wider] - np.searchsorted(ordered, wanted[wider], side="left")
    return len(ordered) - end, size, true
