"""How good rankings are: hits, recall, the rank of the first true item.

Equal scores have no order, so every figure is the expectation over all orders of equal scores: a system
that scores everything alike gets what guessing gets, however its items happen to be stored.
"""

from __future__ import annotations

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError


def hit_at(scores: Array, relevant: Array, k: int) -> Array:
    """Probability that at least one true item is among the best k, (n,); NaN for queries without any.

    With g items above the best true one, t items of its score and r true ones among those, and
    s = min(k - g, t) places left: 1 - C(t - r, s) / C(t, s), and 0 when g >= k. What papers call R@k for
    queries with one true item, and hit rate otherwise.

    Args:
        scores: (n, m), one row a query, larger is better.
        relevant: (n, m) bool, which items are true.
        k: How many places count.

    Raises:
        InputError: Shapes differ, a score is NaN, or k is below 1.
    """
    better, tied, true = _best_true(*_checked(scores, relevant, k))
    places = np.clip(k - better, 0, tied)
    missed = np.ones(len(better))
    for taken in range(int(places.max(initial=0))):
        left = np.where(taken < places, (tied - true - taken) / np.maximum(tied - taken, 1), 1)
        missed *= np.maximum(left, 0)
    return np.where(true > 0, 1 - missed, np.nan)


def recall_at(scores: Array, relevant: Array, k: int) -> Array:
    """Share of a query's true items that are among the best k, (n,); NaN for queries without any.

    An item with g items above it and t of its score, itself included, counts min(1, max(0, (k - g) / t)).
    Arguments and errors are those of `hit_at`.
    """
    scores, relevant = _checked(scores, relevant, k)
    shares = np.full(len(scores), np.nan)
    for row, (values, true) in enumerate(zip(scores, relevant, strict=True)):
        if true.any():
            better, tied = _places(values, values[true])
            shares[row] = np.clip((k - better) / tied, 0, 1).mean()
    return shares


def first_rank(scores: Array, relevant: Array) -> Array:
    """Rank of the best true item, counted from 1, (n,); NaN for queries without any.

    With g, t and r as in `hit_at`: g + (t + 1) / (r + 1).

    Raises:
        InputError: Shapes differ, or a score is NaN.
    """
    better, tied, true = _best_true(*_checked(scores, relevant, 1))
    return np.where(true > 0, better + (tied + 1) / (true + 1), np.nan)


def _best_true(scores: Array, relevant: Array) -> tuple[Array, Array, Array]:
    """Items above the best true one of each row, items of its score, and true ones among those, (n,)."""
    best = np.where(relevant, scores, -np.inf).max(axis=1, initial=-np.inf)[:, None]
    tied = scores == best
    return (scores > best).sum(axis=1), tied.sum(axis=1), (tied & relevant).sum(axis=1)


def _places(scores: Array, wanted: Array) -> tuple[Array, Array]:
    """For each wanted score: how many scores are above it, and how many equal it."""
    ordered = np.sort(scores)
    above = len(ordered) - np.searchsorted(ordered, wanted, side="right")
    return above, len(ordered) - np.searchsorted(ordered, wanted, side="left") - above


def _checked(scores: Array, relevant: Array, k: int) -> tuple[Array, Array]:
    scores, relevant = np.asarray(scores), np.asarray(relevant, dtype=bool)
    if scores.ndim != 2 or scores.shape != relevant.shape:
        raise InputError(
            f"scores has shape {scores.shape} and relevant {relevant.shape}; both are (queries, items)"
        )
    if np.isnan(scores).any():
        raise InputError("scores has NaN; a NaN has no place in an order")
    if k < 1:
        raise InputError(f"k is {k}; it must be at least 1")
    return scores, relevant
