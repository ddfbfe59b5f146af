"""Kernels, and the anchors that stand for all rows where a full kernel matrix would not fit."""

from __future__ import annotations

import numpy as np

from tuwen.arrays import Array


def squared_distances(x: Array, y: Array) -> Array:
    """Squared Euclidean distances, (n, m) float64, never below zero."""
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    distances = x @ y.T
    distances *= -2
    distances += np.einsum("ij,ij->i", x, x)[:, None]
    distances += np.einsum("ij,ij->i", y, y)
    return np.asarray(np.maximum(distances, 0, out=distances))


def mean_squared_distance(x: Array) -> float:
    """Mean squared distance of all pairs of rows, itself included: twice the total variance."""
    return 2 * float(np.var(x, axis=0, dtype=np.float64).sum())


def rbf(x: Array, y: Array, variance: float) -> Array:
    """exp(-||x - y||² / (2 variance)), (n, m) float64."""
    distances = squared_distances(x, y)
    distances /= -2 * max(variance, 1e-300)
    return np.asarray(np.exp(distances, out=distances))


def signed_roots(x: Array) -> Array:
    """Square roots of the sizes, with the signs kept: distances of histograms become Hellinger's."""
    return np.asarray(np.sign(x) * np.sqrt(np.abs(x)))


def centres(x: Array, count: int, seed: int, rows: int = 20_000) -> Array:
    """The centres of k-means, (min(count, distinct rows), d) float64, over at most `rows` random rows."""
    from sklearn.cluster import KMeans

    if len(x) > rows:
        x = x[np.sort(np.random.default_rng(seed).choice(len(x), rows, replace=False))]
    distinct = np.unique(x, axis=0)
    if len(distinct) <= count:
        return np.asarray(distinct, dtype=np.float64)
    means = KMeans(count, init="random", n_init=1, max_iter=30, random_state=seed)
    return np.asarray(means.fit(np.asarray(x, dtype=np.float64)).cluster_centers_)


def nystrom_root(kernel: Array) -> Array:
    """K^(-1/2) of the kernel matrix of the anchors, (m, r): kernel columns times it are explicit features.

    Directions that are rounding noise against the largest are left out.
    """
    values, vectors = np.linalg.eigh(kernel)
    kept = values > values[-1] * len(values) * np.finfo(np.float64).eps
    return np.asarray(vectors[:, kept] / np.sqrt(values[kept]))
