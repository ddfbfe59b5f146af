"""The index for many vectors: lists of short codes, the best of them compared again by their vectors."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from tuwen.arrays import Array
from tuwen.index import calibration, exact, library
from tuwen.index.base import VectorIndex
from tuwen.index.rows import Rows
from tuwen.index.stored import Draft, Saved, draft

SEED = 1234
LISTS = 4096  # at most
ROUNDS = 6  # of k-means; more did not raise recall
POINTS = 64  # training rows a list
PART_POINTS = 128  # training rows each of the sixteen codes of a part
DEEP = 8192  # candidates from which on comparing everything is no slower
REFINE = (50, 100, 200, 400, 800)


class IVF(VectorIndex):
    """Looks into the lists nearest to the query, at short codes, then compares the best by their vectors.

    Rows are assigned to about √n lists by k-means. Their product-quantizer codes (two bits a dimension)
    are scanned with SIMD table look-ups, and the `refine` best are compared by their vectors, in 16 bits
    of fixed point, mapped from disk. Scores are therefore those of the vectors, to about 1e-5; equal
    scores among the compared have the lower key first.

    The number of lists and candidates is chosen when the index is built so that 97 % of true
    neighbours are found for the queries given; `measured["recall"]` is what was reached.
    """

    kind: ClassVar[str] = "ivf"

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self._rows = Rows(width, "int16")
        self._faiss: Any = None
        self._built = 0
        self._probes = 32
        self._refine = 100

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
        index = cls(width)
        if iter(blocks) is blocks:
            blocks = list(blocks)
        lists = _lists(count)
        if queries is not None:
            queries = index._check_rows("queries", queries)[: calibration.QUERIES]
        wanted = calibration.spread(count, lists * POINTS)
        sample = gather(blocks, wanted, np.empty((0, width), dtype=np.float32))
        if len(sample):
            index._train(index._check_rows("vectors", sample), lists)
        del sample
        for keys, vectors in blocks:
            index.add(keys, vectors)
            if folder is not None:
                try:
                    index._rows.spill(draft(folder))
                except OSError:  # a full or read-only disk: what is not in the file stays in memory
                    folder = None
        index._built = len(index)
        index._calibrate(queries)
        return index

    @property
    def needs_rebuild(self) -> bool:
        """Whether a fifth of the rows are removed ones, or there are four times those it was built for."""
        return super().needs_rebuild or len(self) > 4 * max(self._built, 1000)

    def _train(self, rows: Array, lists: int) -> None:
        faiss = library.faiss()
        parts = self.width // 2 if self.width % 2 == 0 else self.width
        self._faiss = faiss.index_factory(self.width, f"IVF{lists},PQ{parts}x4fs", faiss.METRIC_INNER_PRODUCT)
        for settings, points in ((self._faiss.cp, POINTS), (self._faiss.pq.cp, PART_POINTS)):
            settings.niter, settings.seed = ROUNDS, SEED
            settings.min_points_per_centroid, settings.max_points_per_centroid = 1, points
        rows = np.resize(rows, (max(len(rows), 16), self.width))  # a part learns sixteen codes
        with library.threads_for(rows.size):
            self._faiss.train(rows)

    def _append(self, rows: Array) -> None:
        if self._faiss is None:
            self._train(rows, _lists(len(rows)))
            self._built = len(rows)
        with library.threads_for(rows.size):
            self._faiss.add(rows)
        self._rows.append(library.narrow(rows))

    def _scan(
        self, queries: Array, k: int, mask: Array | None, room: int, effort: float
    ) -> tuple[Array, Array]:
        depth = max(round(self._refine * effort), k) + 3 * max(0, k - calibration.DEPTH)
        if depth > min(DEEP, room):
            return self._scan_all(queries, k, mask)
        # where few rows count, or many are wanted, as many more lists are needed to meet them
        probes = self._probes * effort * math.sqrt(max(1.0, k / calibration.DEPTH)) * len(self._keys) / room
        where, scores = self._find(queries, k, depth, round(probes), mask)
        short = np.flatnonzero(where[:, -1] < 0)
        if len(short):
            where[short], scores[short] = self._scan_all(queries[short], k, mask)
        return where, scores

    def _find(
        self, queries: Array, k: int, depth: int, probes: int, mask: Array | None
    ) -> tuple[Array, Array]:
        """Positions (n, k) and scores of the best among the `depth` that look best by their codes."""
        chosen = library.selector(mask)
        settings = library.faiss().SearchParametersIVF(
            nprobe=min(max(1, probes), self._faiss.nlist), sel=chosen
        )

        def find(some: Array) -> tuple[Array, Array]:
            candidates = self._faiss.search(some, depth, params=settings)[1]
            return exact.compare(some, k, candidates, self._rows.take, self._keys.all())

        return library.each(queries, find)

    def _scan_all(self, queries: Array, k: int, mask: Array | None) -> tuple[Array, Array]:
        return exact.best(queries, k, lambda: self._rows.blocks(mask), self._keys.all())

    def _take(self, positions: Array) -> Array:
        return library.widen(self._rows.take(positions))

    def _calibrate(self, queries: Array | None) -> None:
        if len(self) <= calibration.DEPTH:
            return
        if queries is None or not len(queries):
            queries = calibration.sample(self._take(calibration.spread(len(self), calibration.QUERIES)))
        depth = calibration.DEPTH
        true = self._scan_all(queries, depth, None)[0]
        deep = [step for step in REFINE if step < len(self)] or [len(self)]

        def found(probes: int, refine: int) -> Array:
            return self._find(queries, depth, refine, probes, None)[0]

        middle = deep[min(2, len(deep) - 1)]
        probes = calibration.steps(4, self._faiss.nlist)
        self._probes, share = calibration.smallest(probes, lambda step: found(step, middle), true)
        deep = deep if share >= calibration.TARGET else deep[2:]
        self._refine, share = calibration.smallest(deep, lambda step: found(self._probes, step), true)
        self.measured = {"recall": round(share, 4), "probes": self._probes, "refine": self._refine}

    def _write(self, draft: Draft) -> dict[str, Any]:
        self._rows.save(draft)
        if self._faiss is not None:
            draft.write("faiss", library.to_bytes(self._faiss))
        return {"built": self._built, "probes": self._probes, "refine": self._refine}

    def _read(self, saved: Saved, state: dict[str, Any]) -> None:
        self._built, self._probes, self._refine = state["built"], state["probes"], state["refine"]
        self._rows.map(saved.path("rows"), len(self._keys))
        if len(self._keys):
            self._faiss = library.from_bytes(saved.read("faiss", "uint8"), self.width, len(self._keys))

    def _saved(self, draft: Draft) -> None:
        self._rows.map(draft.path("rows"), len(self._rows))


def _lists(count: int) -> int:
    return max(1, min(LISTS, round(math.sqrt(count)), count // 8))


def gather(blocks: Iterable[tuple[Array, Array]], wanted: Array, taken: Array) -> Array:
    """The rows at rising places of all blocks, counted through, (n, width), in the type of `taken`."""
    parts = [taken]
    start = 0
    for _, vectors in blocks:
        inside = wanted[(wanted >= start) & (wanted < start + len(vectors))] - start
        parts.append(np.asarray(vectors)[inside].astype(taken.dtype, copy=False))
        start += len(vectors)
    return np.concatenate(parts)
