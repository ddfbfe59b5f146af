"""Exact search: every row is compared, block by block, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from tuwen.arrays import Array
from tuwen.index import library

QUERIES = 256  # compared at a time
ROWS = 65_536  # compared at a time

Block = tuple[Array, Array]  # positions (m,) and rows (m, width)


def best(queries: Array, k: int, blocks: Callable[[], Iterable[Block]], keys: Array) -> tuple[Array, Array]:
    """The k rows of largest inner product; equal scores have the lower key first.

    Args:
        queries: (n, width) float32.
        k: How many; there are at least as many rows.
        blocks: Gives positions (m,) and rows (m, width) of every row that counts; called once for each
            256 queries.
        keys: Keys by position.

    Returns:
        Positions (n, k) int64 and scores (n, k) float32.
    """
    parts = [
        _best(queries[start : start + QUERIES], k, blocks(), keys)
        for start in range(0, len(queries), QUERIES)
    ]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _best(queries: Array, k: int, blocks: Iterable[Block], keys: Array) -> tuple[Array, Array]:
    where = np.empty((len(queries), 0), dtype=np.int64)
    scores = np.empty((len(queries), 0), dtype=np.float32)
    for positions, rows in blocks:
        found = library.products(queries, library.widen(rows))
        where, scores = merge(where, scores, positions, found, k, keys)
    return where, scores


def merge(
    where: Array, scores: Array, positions: Array, found: Array, k: int, keys: Array
) -> tuple[Array, Array]:
    """The k best of those so far and a block more, best first, lower key first among equals.

    Args:
        where: Positions so far, (n, up to k).
        scores: Their scores, best first.
        positions: Of the block, (m,).
        found: Scores of the block, (n, m).
        k: How many to keep.
        keys: Keys by position.
    """
    room = min(k, where.shape[1] + len(positions))
    out = np.empty((len(where), room), dtype=np.int64)
    out_scores = np.empty((len(where), room), dtype=found.dtype)
    for row, values in enumerate(found):
        # all that tie with the last one taken stay in, whatever their position
        if where.shape[1] == k:
            reach = np.flatnonzero(values >= scores[row, -1])
        elif len(values) > room:
            reach = np.flatnonzero(values >= np.partition(values, len(values) - room)[len(values) - room])
        else:
            reach = np.arange(len(values))
        candidates = np.concatenate([where[row], positions[reach]])
        merged = np.concatenate([scores[row], values[reach]])
        order = np.lexsort((keys[candidates], -merged))[:room]
        out[row], out_scores[row] = candidates[order], merged[order]
    return out, out_scores


def compare(
    queries: Array, k: int, candidates: Array, take: Callable[[Array], Array], keys: Array
) -> tuple[Array, Array]:
    """The k best of some candidates for each query, by their vectors; lower key first among equals.

    Args:
        queries: (n, width) float32.
        k: How many.
        candidates: Positions (n, m); -1 for none.
        take: Gives the rows (m, width) at positions (m,).
        keys: Keys by position.

    Returns:
        Positions (n, k), -1 where there are fewer candidates, and scores (n, k) float32.
    """
    where = np.full((len(queries), k), -1, dtype=np.int64)
    scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
    for row, query in enumerate(queries):
        some = candidates[row]
        if some[-1] < 0:
            some = some[some >= 0]
        values = np.vecdot(library.widen(take(some)), query)
        order = np.lexsort((keys[some], -values))[:k]
        where[row, : len(order)], scores[row, : len(order)] = some[order], values[order]
    return where, scores
