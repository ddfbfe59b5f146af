"""Bootstrap intervals of many rows: the samples of queries are drawn once and serve all."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from tuwen.arrays import Array

CONFIDENCE = 0.95
_DRAWN = 20_000_000  # values drawn for an interval: 10,000 samples of 2,000 queries, fewer of more


def interval(values: Array) -> tuple[float, float]:
    """The interval of a mean over queries, as `metrics.interval` gives it, to six digits.

    Args:
        values: (queries,); NaN for those that do not count.
    """
    counted = values[~np.isnan(values)]
    draws = min(10_000, max(1_000, _DRAWN // len(counted)))
    means = _weights(len(counted), draws) @ counted.astype(np.float32)
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


@lru_cache(maxsize=2)
def _weights(n: int, draws: int) -> Array:
    """Share of each query in each sample with replacement, (draws, n); at most 100 MB."""
    random = np.random.default_rng([0, 0])
    weights = np.empty((draws, n), dtype=np.float32)
    step = max(1, (1 << 22) // n)
    for start in range(0, draws, step):
        drawn = random.integers(0, n, (min(step, draws - start), n))
        drawn += n * np.arange(len(drawn))[:, None]
        counts = np.bincount(drawn.ravel(), minlength=drawn.size)
        weights[start : start + len(drawn)] = counts.reshape(-1, n) / n
    return weights
