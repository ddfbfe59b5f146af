"""Which class is found for which, at rank 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.metrics.groups import TIES, Ties
from tuwen.metrics.sources import Scores, as_scores


@dataclass(frozen=True, eq=False)
class Confusion:
    """The class of each query beside the class of the item that it ranks first.

    Attributes:
        classes: Names or numbers of the classes.
        values: (queries, classes) the probability of each class at rank 1.
        counts: (classes, classes) queries of a class (rows) by the class found (columns); with `expected`
            ties, tied items share the place.
        ties: What became of items of equal score.
    """

    classes: Array
    values: Array
    counts: Array
    ties: Ties

    @property
    def accuracy(self) -> float:
        """Share of queries that find their own class: Precision@1."""
        return float(np.trace(self.counts) / max(self.counts.sum(), 1))


def confusion(
    scores: Scores | Array, query_labels: Array, item_labels: Array, *, ties: Ties = "expected"
) -> Confusion:
    """Count the classes found at rank 1.

    Args:
        scores: As for `measure`.
        query_labels: (n,) one class a query.
        item_labels: (m,) one class an item.
        ties: Tied items share the place (`expected`), or the first of the database has it (`stable`); one of
            the query's class has it before (`best`) or after (`worst`) all others.

    Raises:
        InputError: Labels do not fit the scores, there are no items, a score is NaN, or `ties` is unknown.
    """
    scores, query_labels, item_labels = as_scores(scores), np.asarray(query_labels), np.asarray(item_labels)
    if query_labels.shape != (scores.queries,) or item_labels.shape != (scores.items,):
        raise InputError(
            f"labels have shape {query_labels.shape} and {item_labels.shape}; there are {scores.queries} "
            f"queries and {scores.items} items, each with one label"
        )
    if not scores.items:
        raise InputError("there are no items; a rank 1 needs some")
    if ties not in TIES:
        raise InputError(f"ties is {ties!r}; it is one of {', '.join(map(repr, TIES))}")
    classes, numbers = np.unique(np.concatenate([query_labels, item_labels]), return_inverse=True)
    asked, held = numbers[: scores.queries], numbers[scores.queries :]
    values = np.zeros((scores.queries, len(classes)))
    for start in range(0, scores.queries, scores.rows):
        stop = min(start + scores.rows, scores.queries)
        for query, row in zip(range(start, stop), scores.block(start, stop), strict=True):
            values[query] = _first_class(row, held, int(asked[query]), len(classes), ties)
    counts = np.zeros((len(classes), len(classes)))
    np.add.at(counts, asked, values)
    return Confusion(classes, values, counts, ties)


def _first_class(scores: Array, held: Array, own: int, classes: int, ties: Ties) -> Array:
    """Probability of each class at rank 1."""
    best = scores.max()
    if np.isnan(best):
        raise InputError("scores has NaN; a NaN has no place in an order")
    tied = held[scores == best]
    if ties == "stable":
        tied = tied[:1]
    elif ties != "expected" and (tied == own).any():
        others = tied[tied != own]
        tied = tied[tied == own] if ties == "best" or not len(others) else others
    return np.bincount(tied, minlength=classes) / len(tied)
