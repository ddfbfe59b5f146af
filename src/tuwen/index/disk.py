"""The index that lies on disk: Lance's own, for when memory is short."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from tuwen.arrays import Array, unit_rows
from tuwen.errors import InputError
from tuwen.index.base import Hits, check_search, check_vectors
from tuwen.index.codes import check_codes

BITS = 8  # of a RaBitQ code a dimension; given explicitly, because the library's default is one
ROWS = 4096  # a list
PROBES = 20
REFINE = 4
FEW = 5_000  # allowed rows up to which all of them are compared


class Disk:
    """Asks a column of a Lance dataset: its own index where there is one, every row otherwise.

    Vectors are compared by inner product, codes (a column of uint8) by Hamming distance; the metric is
    fixed, because Lance answers a query in another metric than the index's by reading everything. Rows
    added to the dataset since the index was made are found, by comparing them all. Slower than the
    kinds in memory (some 5 to 10 ms in a million rows), and takes next to none.

    Args:
        dataset: A `lance.LanceDataset`, read as of its version.
        column: A column of fixed-size lists: float16 or float32 unit vectors, or uint8 packed codes.
    """

    kind: ClassVar[str] = "disk"

    def __init__(self, dataset: Any, column: str) -> None:
        self._dataset = dataset
        self._column = column
        self.codes, self.width = _shape(dataset, column)
        self._metric = "hamming" if self.codes else "dot"
        self._indexed = any(column in found.field_names for found in dataset.describe_indices())

    @staticmethod
    def make(dataset: Any, column: str) -> None:
        """Make Lance's index of a column: a commit to the dataset, which is then at a newer version.

        Vectors get lists of 8-bit RaBitQ codes, codes get lists of themselves. Below two lists of rows
        nothing is made; comparing all is no slower.
        """
        codes, _ = _shape(dataset, column)
        lists = dataset.count_rows() // ROWS
        if lists < 2:
            return
        if codes:
            dataset.create_index(
                column, index_type="IVF_FLAT", metric="hamming", num_partitions=lists, replace=True
            )
        else:
            dataset.create_index(
                column, index_type="IVF_RQ", metric="dot", num_partitions=lists, num_bits=BITS, replace=True
            )

    @property
    def keys(self) -> Array:
        """Row addresses, (n,) int64."""
        return _addresses(self._dataset.scanner(columns=[], with_row_id=True).to_table())

    def __len__(self) -> int:
        return int(self._dataset.count_rows())

    def vectors(self, keys: Array) -> Array:
        """The stored rows of these keys, (n, width) float32 or (n, width // 8) uint8.

        Raises:
            InputError: A key is not in the dataset.
        """
        keys = np.asarray(keys, dtype=np.int64).reshape(-1)
        found, rows = self._rows(keys)
        order = np.argsort(found)
        if len(found) == 0:
            where = np.full(len(keys), -1)
        else:
            where = order[np.minimum(np.searchsorted(found, keys, sorter=order), len(found) - 1)]
        missing = np.flatnonzero(found[where] != keys) if len(found) else np.arange(len(keys))
        if len(missing):
            raise InputError(f"key {keys[missing[0]]} is not in the index")
        return np.asarray(rows[where])

    def search(
        self, queries: Array, k: int, *, allowed: Array | None = None, effort: float | None = None
    ) -> Hits:
        """The k best rows for each query; see `Index.search`."""
        queries = (check_codes if self.codes else check_vectors)("queries", queries, self.width)
        check_search(k, effort)
        hits = Hits.none(len(queries), k)
        if allowed is not None:
            allowed = np.unique(np.asarray(allowed, dtype=np.int64).reshape(-1))
        if allowed is not None and len(allowed) <= FEW:
            self._compare(queries, k, allowed, hits)
            return hits
        for row, query in enumerate(queries):
            keys, scores = self._ask(query, k, allowed, 1.0 if effort is None else effort)
            hits.keys[row, : len(keys)], hits.scores[row, : len(keys)] = keys, scores
        return hits

    def _compare(self, queries: Array, k: int, allowed: Array, hits: Hits) -> None:
        keys, rows = self._rows(allowed)
        for row, query in enumerate(queries):
            if self.codes:
                distances = np.bitwise_count(rows ^ query).sum(axis=1, dtype=np.int64)
                scores = (self.width - 2 * distances).astype(np.float32)
            else:
                scores = np.vecdot(rows, query)
            order = np.lexsort((keys, -scores))[:k]
            hits.keys[row, : len(order)], hits.scores[row, : len(order)] = keys[order], scores[order]

    def _ask(self, query: Array, k: int, allowed: Array | None, effort: float) -> tuple[Array, Array]:
        room = len(self) if allowed is None else len(allowed)
        nearest: dict[str, Any] = {"column": self._column, "q": query, "k": min(k, len(self))}
        nearest["metric"] = self._metric
        if not nearest["k"]:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        if self._indexed and effort != math.inf:
            few = {"nprobes": max(1, round(PROBES * effort))}
            if not self.codes:
                few["refine_factor"] = max(1, round(REFINE * max(1.0, effort)))
            keys, scores = self._read({**nearest, **few}, allowed)
            if len(keys) == min(k, room):
                return keys, scores
        return self._read({**nearest, "use_index": False}, allowed)

    def _read(self, nearest: dict[str, Any], allowed: Array | None) -> tuple[Array, Array]:
        where = None if allowed is None else f"_rowid in ({','.join(map(str, allowed.tolist()))})"
        found = self._dataset.scanner(
            columns=["_distance"],
            nearest=nearest,
            filter=where,
            prefilter=where is not None,
            with_row_id=True,
        ).to_table()
        keys = _addresses(found)
        distances = found["_distance"].to_numpy().astype(np.float32)
        # Lance's dot distance is one minus the product
        scores = self.width - 2 * distances if self.codes else 1 - distances
        order = np.lexsort((keys, -scores))
        return keys[order], scores[order]

    def _rows(self, keys: Array) -> tuple[Array, Array]:
        """Those of the keys that are there, and their rows."""
        if len(keys) == 0:
            shape, dtype = ((0, self.width // 8), np.uint8) if self.codes else ((0, self.width), np.float32)
            return np.empty(0, dtype=np.int64), np.empty(shape, dtype=dtype)
        where = f"_rowid in ({','.join(map(str, keys.tolist()))})"
        found = self._dataset.scanner(columns=[self._column], filter=where, with_row_id=True).to_table()
        flat = found[self._column].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        rows = flat.reshape(found.num_rows, -1) if found.num_rows else self._rows(keys[:0])[1]
        return _addresses(found), rows if self.codes else unit_rows(rows)


def _shape(dataset: Any, column: str) -> tuple[bool, int]:
    """Whether a column holds codes, and its dimensions or bits."""
    import pyarrow as pa

    schema = dataset.schema
    index = schema.get_field_index(column)
    if index < 0 or not pa.types.is_fixed_size_list(schema.field(index).type):
        raise InputError(f"column {column!r} is no column of fixed-size lists; there is {schema.names}")
    kind = schema.field(index).type
    codes = kind.value_type == pa.uint8()
    return codes, int(kind.list_size) * (8 if codes else 1)


def _addresses(table: Any) -> Array:
    return np.asarray(table["_rowid"].to_numpy().astype(np.int64))
