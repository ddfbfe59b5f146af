"""How an epoch is chosen: pairs that are held out, and one figure for both directions."""

from __future__ import annotations

import numpy as np

from tuwen.arrays import Array

_ENOUGH = 2000  # held-out pairs; more cost time and hardly change the choice


def held_out(count: int, share: float, seed: int) -> tuple[Array, Array]:
    """Rows that are learned from, and rows that are held out, both rising."""
    order = np.random.default_rng(seed).permutation(count)
    left = min(_ENOUGH, round(share * count))
    return np.sort(order[left:]), np.sort(order[:left])


def both_ways(scores: Array, labels: Array | None) -> float:
    """Mean average precision of (n, n) scores, the mean of both directions.

    True is what shares a label, or the partner alone where there are no labels. Equal scores count in the
    order of the rows: for choosing that will do; figures come from `tuwen.metrics`.
    """
    relevant = np.eye(len(scores), dtype=bool) if labels is None else labels @ labels.T > 0
    return float((_mean_ap(scores, relevant) + _mean_ap(scores.T, relevant.T)) / 2)


def _mean_ap(scores: Array, relevant: Array) -> float:
    order = np.argsort(-scores, axis=1, kind="stable")
    hits = np.take_along_axis(relevant, order, axis=1)
    found = np.cumsum(hits, axis=1) / np.arange(1, hits.shape[1] + 1)
    true = hits.sum(axis=1)
    counted = true > 0
    return float(((found * hits).sum(axis=1)[counted] / true[counted]).mean()) if counted.any() else 0.0
