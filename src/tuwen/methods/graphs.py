"""Neighbourhood graphs of rows, as sparse matrices, and their Laplacians."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np

from tuwen.arrays import Array, unit_rows
from tuwen.errors import InputError

Metric = Literal["cosine", "euclidean"]
_CELLS = 2**25  # of a block of distances: 128 MiB
_LIST = 500  # rows of a cluster, about
_CANDIDATES = 8_000  # rows that a row is compared with, at least


def neighbours(x: Array, k: int, metric: Metric = "cosine", exact: int = 20_000) -> tuple[Array, Array]:
    """The k nearest other rows of every row.

    Up to `exact` rows every pair is compared, in blocks, so that time grows with n². Above, rows are sorted
    into clusters of about 500 by k-means, and each is compared with the rows of the clusters nearest to its
    own, at least 8,000: time is nearly linear, and a few neighbours are missed.

    Args:
        x: (n, d).
        k: How many; at most n - 1 are given.
        metric: How nearness is measured.
        exact: Most rows of which every pair is compared.

    Returns:
        Row numbers (n, k) int64, nearest first, and cosines or squared distances (n, k) float32.

    Raises:
        InputError: k is below 1.
    """
    if k < 1:
        raise InputError(f"neighbours is {k}; it must be at least 1")
    x = unit_rows(x) if metric == "cosine" else np.asarray(x - x.mean(axis=0), dtype=np.float32)
    halves = np.einsum("ij,ij->i", x, x) / 2
    k = min(k, len(x) - 1)
    found, values = np.empty((len(x), k), dtype=np.int64), np.empty((len(x), k), dtype=np.float32)
    for rows, candidates in _blocks(x, k, exact):
        scores = x[rows] @ x[candidates].T
        if metric == "euclidean":
            scores -= halves[candidates]
        places = np.searchsorted(candidates, rows)
        scores[np.arange(len(rows)), places] = -np.inf
        near = np.argpartition(scores, -max(k, 1), axis=1)[:, len(candidates) - k :]
        best = np.take_along_axis(scores, near, axis=1)
        order = np.argsort(-best, axis=1, kind="stable")
        found[rows] = candidates[np.take_along_axis(near, order, axis=1)]
        values[rows] = np.take_along_axis(best, order, axis=1)
    if metric == "euclidean":
        values = np.maximum(2 * (halves[:, None] - values), 0)
    return found, values


def _blocks(x: Array, k: int, exact: int) -> Iterator[tuple[Array, Array]]:
    """Rows, and the sorted rows they are compared with, themselves among them."""
    everything = np.arange(len(x))
    if len(x) <= exact:
        step = max(_CELLS // len(x), 1)
        yield from ((everything[start : start + step], everything) for start in range(0, len(x), step))
        return
    import faiss

    lists = max(len(x) // _LIST, 1)
    few = {"min_points_per_centroid": 1, "max_points_per_centroid": 64}
    means = faiss.Kmeans(x.shape[1], lists, niter=10, seed=1234, **few)
    means.train(np.ascontiguousarray(x))
    places = means.index.search(np.ascontiguousarray(x), 1)[1].ravel()
    members = np.split(
        np.argsort(places, kind="stable"), np.cumsum(np.bincount(places, minlength=lists))[:-1]
    )
    nearest = means.index.search(means.centroids, lists)[1]
    for own, others in enumerate(nearest):
        if not len(members[own]):
            continue
        others = np.concatenate([[own], others[others != own]])  # a row is among its candidates
        sizes = np.cumsum([len(members[other]) for other in others])
        count = int(np.searchsorted(sizes, max(_CANDIDATES, k + 1))) + 1
        candidates = np.sort(np.concatenate([members[other] for other in others[:count]]))
        step = max(_CELLS // len(candidates), 1)
        for start in range(0, len(members[own]), step):
            yield members[own][start : start + step], candidates


def neighbour_graph(x: Array, k: int, metric: Metric = "cosine", heat: bool = False) -> Any:
    """Weights of the symmetric graph in which rows are joined when one is among the other's k nearest.

    Args:
        x: (n, d).
        k: Neighbours.
        metric: How nearness is measured.
        heat: Weigh by exp(-d² / (2 s)), with s the mean squared distance of neighbours, instead of by one.

    Returns:
        (n, n) sparse, float64, no loops.
    """
    from scipy.sparse import csr_matrix

    found, values = neighbours(x, k, metric)
    squared = np.asarray(2 - 2 * values if metric == "cosine" else values, dtype=np.float64)
    weights = np.ones(found.size)
    if heat:
        weights = np.exp(-squared.ravel() / (2 * max(float(squared.sum()) / max(squared.size, 1), 1e-300)))
    rows = np.repeat(np.arange(len(x)), found.shape[1])
    graph = csr_matrix((weights, (rows, found.ravel())), shape=(len(x), len(x)))
    return graph.maximum(graph.T).tocsr()


def laplacian(graph: Any, normalised: bool = True) -> Any:
    """I - D^(-1/2) W D^(-1/2), or D - W, of a symmetric graph; an item with no neighbour is free."""
    from scipy.sparse import diags

    degrees = np.asarray(graph.sum(axis=1)).ravel()
    if not normalised:
        return (diags(degrees) - graph).tocsr()
    roots = np.where(degrees > 0, 1 / np.sqrt(np.where(degrees > 0, degrees, 1)), 0.0)
    return (diags((degrees > 0).astype(float)) - diags(roots) @ graph @ diags(roots)).tocsr()


def solve_smooth(apply: Callable[[Array], Array], shifts: Array, target: Array, start: Array) -> Array:
    """Columns v_j with shift_j v_j + apply(v_j) = target_j, by conjugate gradients on all columns at once.

    Args:
        apply: A symmetric matrix without negative eigenvalues times (n, k) columns.
        shifts: (k,) above zero.
        target: (n, k).
        start: (n, k), a guess; a good one saves steps.
    """
    v = start.copy()
    residual = target - shifts * v - apply(v)
    direction = residual.copy()
    size = (residual**2).sum(axis=0)
    enough = 1e-20 * np.maximum((target**2).sum(axis=0), 1e-300)
    for _ in range(200):
        if (size <= enough).all():
            break
        moved = shifts * direction + apply(direction)
        curve = (direction * moved).sum(axis=0)
        step = np.where(curve > 0, size / np.where(curve > 0, curve, 1), 0)
        v += step * direction
        residual -= step * moved
        new = (residual**2).sum(axis=0)
        direction = residual + np.where(size > 0, new / np.where(size > 0, size, 1), 0) * direction
        size = new
    return v


def class_laplacian(labels: Array) -> Callable[[Array], Array]:
    """The normalised Laplacian of the graph whose weights are cosines of labels, as a product with columns.

    The graph is dense within a class, so it is kept as its factor (n, n_classes).
    """
    units = labels / np.maximum(np.linalg.norm(labels, axis=1, keepdims=True), 1e-12)
    degrees = units @ units.sum(axis=0)
    linked = degrees > 0
    factor = units / np.sqrt(np.where(linked, degrees, 1))[:, None]
    return lambda v: np.asarray(linked[:, None] * v - factor @ (factor.T @ v))
