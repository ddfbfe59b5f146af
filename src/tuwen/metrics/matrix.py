"""Figures of each query of a score matrix, as plain arrays; ties are expectations over all orders.

A system that scores everything alike gets what guessing gets, however its items happen to be stored.
"""

from __future__ import annotations

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.metrics.first import MedianRank
from tuwen.metrics.measure import measure
from tuwen.metrics.metric import Metric
from tuwen.metrics.top import Hit, Recall


def hit_at(scores: Array, relevant: Array, k: int) -> Array:
    """Probability that at least one true item is among the best k, (n,); NaN for queries without any.

    What papers call R@k for queries with one true item, and hit rate otherwise.

    Args:
        scores: (n, m), one row a query, larger is better.
        relevant: (n, m) bool, which items are true.
        k: How many places count.

    Raises:
        InputError: Shapes differ, a score is NaN, or k is below 1.
    """
    return _values(scores, relevant, Hit(k))


def recall_at(scores: Array, relevant: Array, k: int) -> Array:
    """Share of a query's true items that are among the best k, (n,); NaN for queries without any.

    Arguments and errors are those of `hit_at`.
    """
    return _values(scores, relevant, Recall(k))


def first_rank(scores: Array, relevant: Array) -> Array:
    """Rank of the best true item, counted from 1, (n,); NaN for queries without any.

    Raises:
        InputError: Shapes differ, or a score is NaN.
    """
    return _values(scores, relevant, MedianRank())


def _values(scores: Array, relevant: Array, metric: Metric) -> Array:
    scores, relevant = np.asarray(scores), np.asarray(relevant, dtype=bool)
    if scores.ndim != 2 or scores.shape != relevant.shape:
        raise InputError(
            f"scores has shape {scores.shape} and relevant {relevant.shape}; both are (queries, items)"
        )
    return measure(scores, relevant, [metric])[0].values
