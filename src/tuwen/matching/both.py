"""The best k of both sides from one blocked matrix product."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import cast

import numpy as np

from tuwen.arrays import Array, check_matrix
from tuwen.errors import InputError
from tuwen.matching.best import Best, candidates, column_candidates
from tuwen.matching.product import MIN_COLUMNS, MIN_ROWS, Product, product
from tuwen.matching.softmax import Softmax

_TILE_ROWS = 512
_BLOCK = 1024
_MEMORY = 1 << 30


@dataclass(frozen=True, slots=True)
class Ranking:
    """The best of one side for each row of the other.

    Attributes:
        indices: (n, k) int64 rows of the other side, best first.
        scores: (n, k) float32 dot products.
        probabilities: (n, k) float32 softmax over all rows of the other side, or None.
    """

    indices: Array
    scores: Array
    probabilities: Array | None = None


@dataclass(frozen=True, slots=True)
class Matches:
    """What `top_both` finds.

    Attributes:
        items: For each query, its best items.
        queries: For each item, its best queries; None when only one way was asked.
    """

    items: Ranking
    queries: Ranking | None


def top_both(
    queries: Array,
    items: Array | Iterable[Array],
    k: int = 5,
    *,
    both: bool = True,
    temperature: float | None = None,
    block: int | None = None,
    memory_bytes: int = _MEMORY,
    threads: int | None = None,
) -> Matches:
    """The k largest dot products of every query and of every item, exactly, from one product.

    Tiles of the product are searched while they lie in the cache and then forgotten: memory is bounded
    whatever the numbers of rows. Equal scores rank the lower index first, whatever the block size.
    Pass unit rows to rank by cosine.

    Args:
        queries: (n, d); an array or a memory map, of any float type.
        items: (m, d), or blocks of it in order, so that more items than fit in memory can stream by.
        k: How many to keep; the other side's count where that is less.
        both: Also rank the queries of each item.
        temperature: Give softmax probabilities of scores divided by this.
        block: Items in a tile; by default from the memory.
        memory_bytes: Working memory beside inputs and results.
        threads: Threads to use; by default the cores this process may run on.

    Raises:
        InputError: Widths differ, a value is not finite, or a number is not positive.
    """
    queries = np.asanyarray(queries)
    if queries.ndim != 2 or not queries.shape[1]:
        raise InputError(f"queries has shape {queries.shape}; a matrix (n, d) is needed, one row an item")
    for name, value in {"k": k, "temperature": temperature, "block": block, "threads": threads}.items():
        if value is not None and not value > 0:
            raise InputError(f"{name} is {value}; it must be positive")
    plan = _Plan(queries.shape[1], both, temperature, block, memory_bytes, threads or _cores())
    if isinstance(items, np.ndarray) and both and items.ndim == 2 and len(items) < len(queries):
        # the lists of the side that streams by are merged less often, so that is the larger side
        found = _Job(items, k, plan).run(_slices(queries, plan.block))
        return Matches(items=cast(Ranking, found.queries), queries=found.items)
    return _Job(queries, k, plan).run(_slices(items, plan.block))


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a job is to run."""

    width: int
    both: bool
    temperature: float | None
    wanted_block: int | None
    memory_bytes: int
    threads: int

    @property
    def block(self) -> int:
        """Items in a tile."""
        softmax = 4 * _TILE_ROWS if self.temperature is not None else 0
        an_item = 5 * _TILE_ROWS + softmax + 4 * self.width  # scores, mask, the item itself as float32
        fitting = self.memory_bytes // 2 // self.threads // an_item
        return self.wanted_block or min(max(fitting, MIN_COLUMNS), _BLOCK)

    def held(self, queries: Array) -> Array:
        """The queries, checked; as float32 where that fits in half of the memory."""
        for start in range(0, len(queries), _TILE_ROWS):
            _checked("queries", queries[start : start + _TILE_ROWS], self.width, start)
        fits = queries.size * 4 <= self.memory_bytes // 2
        return _float_rows(queries) if fits else queries


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Job:
    """One pass over the items, shared by its threads; each takes whole blocks of items."""

    def __init__(self, queries: Array, k: int, plan: _Plan) -> None:
        self._queries = plan.held(queries)
        self._k = k
        self._plan = plan
        self._best = Best(len(queries), k)
        self._softmax = Softmax(len(queries), plan.temperature)
        self._of_items: dict[int, tuple[Best, Softmax]] = {}
        self._count = 0
        self._lock = threading.Lock()
        self._stopped = False

    def run(self, blocks: Iterator[Array]) -> Matches:
        """Search all blocks; an error of a thread is raised when all have stopped."""
        with ThreadPoolExecutor(self._plan.threads) as pool:
            workers = [pool.submit(self._work, blocks, product()) for _ in range(self._plan.threads)]
            try:
                for worker in workers:
                    worker.result()
            finally:
                self._stopped = True
        items = _ranking([(self._best, self._softmax)], self._k, self._count)
        parts = [part for _, part in sorted(self._of_items.items())]
        queries = _ranking(parts, self._k, len(self._queries)) if self._plan.both else None
        return Matches(items, queries)

    def _work(self, blocks: Iterator[Array], multiply: Product) -> None:
        tile = _Tile(multiply, self._plan.block)
        try:
            while (taken := self._take(blocks)) is not None:
                self._search(tile, *taken)
        except BaseException:
            self._stopped = True
            raise

    def _take(self, blocks: Iterator[Array]) -> tuple[int, Array] | None:
        """The index of the next block's first item, and the block."""
        with self._lock:
            block = None if self._stopped else next(blocks, None)
            if block is None:
                return None
            first = self._count
            self._count += len(block)
            return first, block

    def _search(self, tile: _Tile, first: int, block: Array) -> None:
        """One block of items against all queries."""
        items = _checked("items", block, self._queries.shape[1], first)
        n, k, temperature = len(self._queries), self._k, self._plan.temperature
        with self._lock:
            floors = self._best.floors(first)
        best, softmax, sums = Best(len(items), k), Softmax(len(items), temperature), Softmax(n, temperature)
        found = []
        for start in range(0, n, _TILE_ROWS):
            rows = slice(start, min(start + _TILE_ROWS, n))
            scores, mask = tile.multiply(_float_rows(self._queries[rows]), items)
            owners, indices, values = candidates(scores, floors[rows], k, mask)
            found.append((owners + start, values, indices + first))
            sums.add(rows, scores)
            if self._plan.both:
                owners, indices, values = column_candidates(scores, best.floors(start), k, mask)
                best.merge(owners, values, indices + start)
                softmax.add(slice(None), scores.T)
        with self._lock:
            for owners, values, indices in found:
                self._best.merge(owners, values, indices)
            self._softmax.join(sums)
            if self._plan.both:
                self._of_items[first] = best, softmax


class _Tile:
    """Buffers of one thread for the scores of a tile, so that they stay in its cache."""

    def __init__(self, product: Product, block: int) -> None:
        self._product = product
        size = _TILE_ROWS * max(block, MIN_COLUMNS)
        self._scores = np.empty(size, dtype=np.float32)
        self._mask = np.empty(size, dtype=bool)

    def multiply(self, queries: Array, items: Array) -> tuple[Array, Array]:
        """Scores (n, m), contiguous, and a mask of that shape to work in; both until the next call."""
        n, m = len(queries), len(items)
        rows, columns = max(n, MIN_ROWS), max(m, MIN_COLUMNS)
        scores = self._scores[: rows * columns].reshape(rows, columns)
        self._product(_padded(queries, rows), _padded(items, columns), scores)
        if (rows, columns) != (n, m):
            scores = np.ascontiguousarray(scores[:n, :m])
        return scores, self._mask[: n * m].reshape(n, m)


def _ranking(parts: list[tuple[Best, Softmax]], k: int, count: int) -> Ranking:
    """The lists of all parts, one below the other; no longer than there are candidates."""
    k = min(k, count)
    scores = np.concatenate([best.scores[:, :k] for best, _ in parts] or [np.empty((0, k), np.float32)])
    indices = np.concatenate([best.indices[:, :k] for best, _ in parts] or [np.empty((0, k), np.int64)])
    found = [softmax.probabilities(best.scores[:, :k]) for best, softmax in parts]
    shares = [part for part in found if part is not None]
    return Ranking(indices, scores, np.concatenate(shares) if shares else None)


def _slices(items: Array | Iterable[Array], block: int) -> Iterator[Array]:
    """Blocks of at most `block` rows, in order."""
    for part in [items] if isinstance(items, np.ndarray) else items:
        if np.ndim(part) != 2:
            raise InputError(f"items has a block of shape {np.shape(part)}; a matrix (n, d) is needed")
        for start in range(0, len(part), block):
            yield part[start : start + block]


def _checked(name: str, rows: Array, width: int, first: int) -> Array:
    """The rows as contiguous float32.

    Raises:
        InputError: The width is another, or a value is not finite.
    """
    matrix = _float_rows(rows)
    # one sum is several times cheaper than looking at each value
    if matrix.shape[1] != width or not np.isfinite(matrix.sum()):
        check_matrix(f"{name} from row {first} on", matrix, width)
    return matrix


def _float_rows(rows: Array) -> Array:
    return np.ascontiguousarray(rows, dtype=np.float32)


def _padded(matrix: Array, rows: int) -> Array:
    if len(matrix) == rows:
        return matrix
    return np.concatenate([matrix, np.zeros((rows - len(matrix), matrix.shape[1]), dtype=np.float32)])
