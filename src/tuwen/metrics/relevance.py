"""Which items are true for which query, told by labels, by pairs or by a matrix."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError


class Relevance(ABC):
    """Which items are true for which query.

    Attributes:
        queries: How many queries there are.
        items: How many items there are.
        rule: What makes an item true, in a few words, for the protocol.
    """

    queries: int
    items: int
    rule: str

    @abstractmethod
    def columns(self, query: int) -> Array:
        """The true items of a query, rising."""


def by_labels(queries: Array, items: Array) -> Relevance:
    """True is what has the query's label, or shares at least one of its labels.

    Args:
        queries: One label a query (n,), numbers or names; or multi-hot (n, c).
        items: The same for the items: (m,) or (m, c).

    Raises:
        InputError: Shapes do not go together, or multi-hot labels hold something else than 0 and 1.
    """
    queries, items = np.asarray(queries), np.asarray(items)
    if queries.ndim == items.ndim == 1:
        return _SameLabel(queries, items)
    if queries.ndim == items.ndim == 2 and queries.shape[1] == items.shape[1]:
        return _SharedLabel(queries, items)
    raise InputError(
        f"labels of queries have shape {queries.shape} and of items {items.shape}; both are (n,) with one "
        "label each, or both multi-hot (n, classes) of the same classes"
    )


def by_pairs(pairs: Array, *, queries: int, items: int) -> Relevance:
    """True is what is paired with the query; a pair given twice counts once.

    Args:
        pairs: (p, 2) row numbers: query, item.
        queries: How many queries there are.
        items: How many items there are.

    Raises:
        InputError: Pairs have another shape, or name rows that are not there.
    """
    pairs = np.asarray(pairs)
    if pairs.size == 0:
        pairs = np.empty((0, 2), dtype=np.int64)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu":
        raise InputError(f"pairs has shape {pairs.shape} of {pairs.dtype}; it is (p, 2) whole numbers")
    if len(pairs) and (pairs.min() < 0 or (pairs.max(axis=0) >= (queries, items)).any()):
        low, high = pairs.min(axis=0).tolist(), pairs.max(axis=0).tolist()
        raise InputError(
            f"pairs name queries {low[0]} to {high[0]} and items {low[1]} to {high[1]}; "
            f"there are {queries} queries and {items} items, counted from 0"
        )
    return _Paired(np.unique(pairs.astype(np.int64), axis=0), queries, items)


def as_relevance(relevant: Relevance | Array) -> Relevance:
    """A relevance as it is, or a bool matrix (n, m) as one.

    Raises:
        InputError: It is neither.
    """
    if isinstance(relevant, Relevance):
        return relevant
    matrix = np.asarray(relevant)
    if matrix.ndim != 2 or not (matrix.dtype.kind == "b" or np.isin(matrix, (0, 1)).all()):
        raise InputError(
            f"relevant has shape {matrix.shape} of {matrix.dtype}; it is a bool matrix (queries, items), "
            "or comes from by_labels or by_pairs"
        )
    return _Marked(matrix.astype(bool))


class _SameLabel(Relevance):
    rule = "same label"

    def __init__(self, queries: Array, items: Array) -> None:
        self.queries, self.items = len(queries), len(items)
        for name, labels in (("queries", queries), ("items", items)):
            if labels.dtype.kind == "f" and np.isnan(labels).any():
                raise InputError(f"labels of {name} have NaN; give every one a class, or leave it out")
        # numbers and names compared would silently have nothing in common
        if queries.size and items.size and (queries.dtype.kind in "US") != (items.dtype.kind in "US"):
            raise InputError(
                f"labels of queries are {queries.dtype} but of items {items.dtype}; both are numbers or names"
            )
        classes, numbers = np.unique(items, return_inverse=True)
        self._order = np.argsort(numbers, kind="stable")
        self._ends = np.concatenate([[0], np.cumsum(np.bincount(numbers, minlength=len(classes)))])
        self._class = np.full(len(queries), -1, dtype=np.int64)
        if queries.size and items.size:
            place = np.minimum(np.searchsorted(classes, queries), len(classes) - 1)
            self._class = np.where(classes[place] == queries, place, -1)

    def columns(self, query: int) -> Array:
        number = int(self._class[query])
        if number < 0:
            return np.empty(0, dtype=np.int64)
        return self._order[self._ends[number] : self._ends[number + 1]]


class _SharedLabel(Relevance):
    rule = "at least one label shared"

    def __init__(self, queries: Array, items: Array) -> None:
        self.queries, self.items = len(queries), len(items)
        for name, labels in (("queries", queries), ("items", items)):
            if not np.isin(labels, (0, 1)).all():
                raise InputError(f"labels of {name} hold other values than 0 and 1; they are multi-hot")
        self._queries, self._items = _words(queries), _words(items)

    def columns(self, query: int) -> Array:
        shared = np.zeros(self.items, dtype=bool)
        for asked, words in zip(self._queries[:, query], self._items, strict=True):
            if asked:
                shared |= (words & asked) != 0
        return np.flatnonzero(shared)


class _Paired(Relevance):
    rule = "paired with the query"

    def __init__(self, pairs: Array, queries: int, items: int) -> None:
        self.queries, self.items = queries, items
        self._columns = pairs[:, 1]
        self._ends = np.searchsorted(pairs[:, 0], np.arange(queries + 1))

    def columns(self, query: int) -> Array:
        return self._columns[self._ends[query] : self._ends[query + 1]]


class _Marked(Relevance):
    rule = "marked"

    def __init__(self, matrix: Array) -> None:
        self.queries, self.items = matrix.shape
        self._matrix = matrix

    def columns(self, query: int) -> Array:
        return np.flatnonzero(self._matrix[query])


def _words(labels: Array) -> Array:
    """Multi-hot labels (n, c) as bits of 64-bit words, (words, n)."""
    bits = np.packbits(labels.astype(bool), axis=1)
    whole = np.zeros((len(bits), -(-max(bits.shape[1], 1) // 8) * 8), dtype=np.uint8)
    whole[:, : bits.shape[1]] = bits
    return np.ascontiguousarray(whole.view(np.uint64).T)
