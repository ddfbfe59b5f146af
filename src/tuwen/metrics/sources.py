"""Where scores come from: a matrix, vectors or hash codes; never more than a block of them at once."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.metrics.groups import Groups, Ties, in_order, of_counts, of_scores, packed
from tuwen.metrics.relevance import Relevance

_BLOCK = 1 << 22  # scores computed at once; a block of float32 is 16 MB


class Scores(ABC):
    """Scores of queries and items, larger is better.

    Attributes:
        queries: How many queries there are.
        items: How many items there are.
    """

    queries: int
    items: int

    @property
    def rows(self) -> int:
        """Queries in a block."""
        return max(1, min(256, _BLOCK // max(self.items, 1)))

    @abstractmethod
    def block(self, start: int, stop: int) -> Array:
        """Scores of some queries, (stop - start, items)."""

    def groups(self, start: int, stop: int, relevance: Relevance, ties: Ties) -> Groups:
        """Groups of some queries."""
        scores = self.block(start, stop)
        if scores.dtype.kind == "f" and np.isnan(scores).any():
            raise InputError("scores has NaN; a NaN has no place in an order")
        return of_scores(scores, [relevance.columns(query) for query in range(start, stop)], ties)


class Matrix(Scores):
    """Scores that are there.

    Args:
        scores: (n, m) numbers.

    Raises:
        InputError: It is no matrix of numbers.
    """

    def __init__(self, scores: Array) -> None:
        self._scores = np.asarray(scores)
        if self._scores.ndim != 2 or self._scores.dtype.kind not in "fiub":
            raise InputError(
                f"scores has shape {self._scores.shape} of {self._scores.dtype}; it is (queries, items)"
            )
        self.queries, self.items = self._scores.shape

    def block(self, start: int, stop: int) -> Array:
        """Rows of the matrix."""
        return self._scores[start:stop]


class Vectors(Scores):
    """Dot products of vectors, computed a block at a time; cosines where rows have length one.

    Args:
        queries: (n, d).
        items: (m, d).

    Raises:
        InputError: Widths differ.
    """

    def __init__(self, queries: Array, items: Array) -> None:
        self._queries, self._items = np.asarray(queries), np.asarray(items)
        self.queries, self.items = _aligned(self._queries, self._items)

    def block(self, start: int, stop: int) -> Array:
        """Products of some queries with all items."""
        return np.asarray(self._queries[start:stop] @ self._items.T)


class Codes(Scores):
    """Packed hash codes: fewer bits that differ are better.

    Distances are whole numbers, so each query needs no more than how many items, and how many true ones,
    lie at each distance.

    Args:
        queries: (n, bytes) uint8.
        items: (m, bytes) uint8.

    Raises:
        InputError: They are no packed codes, or of different width.
    """

    def __init__(self, queries: Array, items: Array) -> None:
        queries, items = np.asarray(queries), np.asarray(items)
        for name, codes in (("queries", queries), ("items", items)):
            if codes.dtype != np.uint8:
                raise InputError(f"codes of {name} are {codes.dtype}; packed codes are uint8, 8 bits each")
        self.queries, self.items = _aligned(queries, items)
        self.bits = 8 * queries.shape[1]
        self._queries, self._items = _words(queries), _words(items)

    def block(self, start: int, stop: int) -> Array:
        """Distances of some queries, negative."""
        rows = [self._distances(query) for query in range(start, stop)]
        return -np.array(rows, dtype=np.int32).reshape(len(rows), self.items)

    def groups(self, start: int, stop: int, relevance: Relevance, ties: Ties) -> Groups:
        """Groups of some queries: a group a distance, counted."""
        if ties == "stable":
            # the stable sort of so small numbers counts them
            found = [
                in_order(np.argsort(self._distances(query), kind="stable"), relevance.columns(query))
                for query in range(start, stop)
            ]
            return packed(found, self.items)
        counts, true = np.zeros((2, stop - start, self.bits + 1), dtype=np.int64)
        for row, query in enumerate(range(start, stop)):
            distances = self._distances(query)
            counts[row] = _counted(distances, self.bits + 1)
            true[row] = np.bincount(distances[relevance.columns(query)], minlength=self.bits + 1)
        return of_counts(counts, true).refined(ties)

    def _distances(self, query: int) -> Array:
        """Bits in which each item differs, (m,) uint8, or uint16 for wide codes."""
        wide = np.uint8 if self.bits < 256 else np.uint16
        total: Array = np.zeros(self.items, dtype=wide)
        for asked, words in zip(self._queries[:, query], self._items, strict=True):
            total += np.bitwise_count(words ^ asked)
        return total


class Guessing(Scores):
    """Scores that know nothing: what is measured of them, with `expected` ties, is the chance level.

    Args:
        queries: How many queries there are.
        items: How many items there are.
    """

    def __init__(self, queries: int, items: int) -> None:
        self.queries, self.items = queries, items

    def block(self, start: int, stop: int) -> Array:
        """Zeros."""
        return np.zeros((stop - start, self.items), dtype=np.uint8)

    def groups(self, start: int, stop: int, relevance: Relevance, ties: Ties) -> Groups:
        """One group that holds everything."""
        if ties == "stable":
            return super().groups(start, stop, relevance, ties)
        true = np.array([len(relevance.columns(query)) for query in range(start, stop)], dtype=np.int64)
        return of_counts(np.full((len(true), 1), self.items), true[:, None]).refined(ties)


def as_scores(scores: Scores | Array) -> Scores:
    """Scores as they are, or a matrix (n, m) as such."""
    return scores if isinstance(scores, Scores) else Matrix(scores)


def _aligned(queries: Array, items: Array) -> tuple[int, int]:
    if queries.ndim != 2 or items.ndim != 2 or queries.shape[1] != items.shape[1]:
        raise InputError(f"queries has shape {queries.shape} and items {items.shape}; widths must be equal")
    return len(queries), len(items)


def _counted(values: Array, kinds: int) -> Array:
    """How often each whole number below `kinds` occurs; bytes are counted two at a time, in half the time."""
    even = len(values) & ~1
    if values.dtype != np.uint8 or not even:
        return np.bincount(values, minlength=kinds)
    twos = np.bincount(values[:even].view(np.uint16), minlength=kinds << 8)
    table = twos[: kinds << 8].reshape(kinds, 256)
    counts = table.sum(axis=1) + table[:, :kinds].sum(axis=0)
    counts[values[even:]] += 1
    return np.asarray(counts)


def _words(codes: Array) -> Array:
    """Packed codes (n, bytes) as 64-bit words, (words, n), filled up with zeros."""
    whole = np.zeros((len(codes), -(-max(codes.shape[1], 1) // 8) * 8), dtype=np.uint8)
    whole[:, : codes.shape[1]] = codes
    return np.ascontiguousarray(whole.view(np.uint64).T)
