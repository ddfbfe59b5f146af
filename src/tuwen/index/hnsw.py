"""The graph index: the fastest for a single query, the slowest to build."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from tuwen.arrays import Array
from tuwen.index import calibration, exact, library
from tuwen.index.base import VectorIndex
from tuwen.index.stored import Draft, Saved

LINKS = 32
EFFORTS = (16, 32, 64, 128, 256, 512)


class HNSW(VectorIndex):
    """Walks a graph of near neighbours, over vectors kept in float16.

    Faster than `ivf` for one query, at some 0.3 ms a row to build: one thread builds, because with
    several the graph would be another one each time. For up to a few hundred thousand rows.

    How far to walk is chosen when the index is built so that 97 % of true neighbours are found for the
    queries given; `measured["recall"]` is what was reached.
    """

    kind: ClassVar[str] = "hnsw"

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self._faiss: Any = None
        self._walk = 64

    @classmethod
    def build(
        cls,
        blocks: Iterable[tuple[Array, Array]],
        *,
        width: int,
        count: int,
        queries: Array | None = None,
        folder: Path | None = None,
    ) -> Self:
        """An index of all rows of the blocks, its effort chosen by measuring; see `tuwen.index.build`."""
        index = super().build(blocks, width=width, count=count)
        if queries is not None:
            queries = index._check_rows("queries", queries)[: calibration.QUERIES]
        index._calibrate(queries)
        return index

    def _append(self, rows: Array) -> None:
        faiss = library.faiss()
        with library.one_thread():
            if self._faiss is None:
                kind, metric = faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
                self._faiss = faiss.IndexHNSWSQ(self.width, kind, LINKS, metric)
                self._faiss.train(rows[:1])  # float16 learns nothing, but the index wants to be told
            self._faiss.add(rows)

    def _scan(
        self, queries: Array, k: int, mask: Array | None, room: int, effort: float
    ) -> tuple[Array, Array]:
        # the walk meets rows that do not count, too: it must be longer by their share
        walk = round(max(self._walk * effort, 2 * k) * len(self._keys) / room)
        if walk >= room:
            return self._scan_all(queries, k, mask)
        where, scores = self._walked(queries, k, walk, mask)
        short = np.flatnonzero(where[:, -1] < 0)
        if len(short):
            where[short], scores[short] = self._scan_all(queries[short], k, mask)
        return where, scores

    def _walked(self, queries: Array, k: int, walk: int, mask: Array | None) -> tuple[Array, Array]:
        faiss = library.faiss()
        chosen = library.selector(mask)
        settings = faiss.SearchParametersHNSW(efSearch=max(walk, k), sel=chosen)
        scores, where = library.each(queries, lambda some: self._faiss.search(some, k, params=settings))
        order = np.lexsort((self._keys.at(where), -scores), axis=1)
        return np.take_along_axis(where, order, axis=1), np.take_along_axis(scores, order, axis=1)

    def _scan_all(self, queries: Array, k: int, mask: Array | None) -> tuple[Array, Array]:
        positions = np.arange(len(self._keys)) if mask is None else np.flatnonzero(mask)

        def blocks() -> Iterator[exact.Block]:
            for start in range(0, len(positions), exact.ROWS):
                some = positions[start : start + exact.ROWS]
                yield some, self._take(some)

        return exact.best(queries, k, blocks, self._keys.all())

    def _take(self, positions: Array) -> Array:
        if not len(positions):
            return np.empty((0, self.width), dtype=np.float32)
        return np.asarray(self._faiss.reconstruct_batch(positions))

    def _calibrate(self, queries: Array | None) -> None:
        if len(self) <= calibration.DEPTH:
            return
        if queries is None or not len(queries):
            queries = calibration.sample(self._take(calibration.spread(len(self), calibration.QUERIES)))
        depth = calibration.DEPTH
        true = self._scan_all(queries, depth, None)[0]
        self._walk, share = calibration.smallest(
            EFFORTS, lambda step: self._walked(queries, depth, step, None)[0], true
        )
        self.measured = {"recall": round(share, 4), "walk": self._walk}

    def _write(self, draft: Draft) -> dict[str, Any]:
        if self._faiss is not None:
            draft.write("faiss", library.to_bytes(self._faiss))
        return {"walk": self._walk}

    def _read(self, saved: Saved, state: dict[str, Any]) -> None:
        self._walk = state["walk"]
        if len(self._keys):
            self._faiss = library.from_bytes(saved.read("faiss", "uint8"), self.width, len(self._keys))
