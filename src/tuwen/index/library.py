"""What all kinds that stand on faiss share: threads, selectors, and an index as bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from typing import Any

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import Damaged

FIXED = 2**15 - 1  # stands for 1.0 in 16 bits of fixed point
BATCH = 16  # queries from which on threads are worth their start
FEW = 4  # below so many queries a product is bound by memory, and gains nothing from threads


def faiss() -> Any:
    """The library, loaded when first used; untyped, for its stubs lack what is generated when it loads."""
    return import_module("faiss")


def each(queries: Array, search: Callable[[Array], tuple[Array, Array]]) -> tuple[Array, Array]:
    """Two arrays with a row a query, found in one thread for few queries and in all for a batch.

    The threads are Python's, each with its share of the queries, and faiss uses one in each of them: the
    threads of OpenMP wait for each other every few queries, and beside a busy neighbour that made a
    search of 1 ms take 100 and halved the rate of batches.

    Args:
        queries: (n, width).
        search: Answers some of the queries.
    """
    workers = faiss().omp_get_max_threads()  # what the user allows, by OMP_NUM_THREADS or by calling faiss
    if len(queries) < BATCH or workers == 1:
        with one_thread():
            return search(queries)

    def part(some: Array) -> tuple[Array, Array]:
        with one_thread():
            return search(some)

    pieces = np.array_split(queries, min(4 * workers, len(queries) // 4))
    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(part, pieces))
    return np.concatenate([one for one, _ in found]), np.concatenate([other for _, other in found])


@contextmanager
def one_thread() -> Iterator[None]:
    """Let faiss use one thread in this thread.

    OpenMP keeps the number apart for each calling thread, so searches in other threads are not touched.
    """
    library = faiss()
    before = library.omp_get_max_threads()
    library.omp_set_num_threads(1)
    try:
        yield
    finally:
        library.omp_set_num_threads(before)


def threads_for(numbers: int) -> AbstractContextManager[None]:
    """One thread for training on, or adding, few numbers (rows times dimensions); all for many."""
    return one_thread() if numbers < 1 << 22 else nullcontext()


def selector(mask: Array | None) -> Any:
    """A faiss selector of the positions where `mask` (stored rows,) bool is true; None stays None."""
    return None if mask is None else faiss().IDSelectorBitmap(np.packbits(mask, bitorder="little"))


def to_bytes(index: Any, *, binary: bool = False) -> Array:
    """An index as bytes; written by us, because faiss cannot open every path on every system."""
    library = faiss()
    return np.asarray(library.serialize_index_binary(index) if binary else library.serialize_index(index))


def from_bytes(data: Array, width: int, count: int, *, binary: bool = False) -> Any:
    """The index behind bytes whose checksum was compared.

    Raises:
        Damaged: It has other dimensions or another number of rows.
    """
    library = faiss()
    index = library.deserialize_index_binary(data) if binary else library.deserialize_index(data)
    if (index.d, index.ntotal) != (width, count):
        raise Damaged(f"the saved index has {index.ntotal} rows of {index.d}; {count} of {width} are needed")
    return index


def narrow(rows: Array) -> Array:
    """Unit rows in 16 bits of fixed point: as exact as float16, and widened again ten times faster."""
    return np.rint(rows * np.float32(FIXED)).astype(np.int16)


def widen(rows: Array) -> Array:
    """Rows (n, width) in float32, from float32 or from 16 bits of fixed point."""
    if rows.dtype != np.int16:
        return rows.astype(np.float32, copy=False)
    wide = rows.astype(np.float32)
    wide *= np.float32(1 / FIXED)
    return wide


def products(queries: Array, rows: Array) -> Array:
    """Inner products (n, m) of float32 queries (n, width) and rows (m, width).

    For few queries in one thread: the threads of BLAS wait for a busy neighbour as those of faiss do.
    """
    if len(queries) >= FEW:
        return np.asarray(queries @ rows.T)
    library = faiss()
    queries, rows = np.ascontiguousarray(queries), np.ascontiguousarray(rows)
    out = np.empty((len(queries), len(rows)), dtype=np.float32)
    for query, line in zip(queries, out, strict=True):
        library.fvec_inner_products_ny(
            library.swig_ptr(line), library.swig_ptr(query), library.swig_ptr(rows), rows.shape[1], len(rows)
        )
    return out
