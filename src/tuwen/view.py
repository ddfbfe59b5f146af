"""A consistent reading of a collection's tables at one commit."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tuwen.arrays import Array
from tuwen.errors import Damaged
from tuwen.head import Head
from tuwen.tables import TABLES, Table

CHUNK = 5_000  # ids a condition
FILTERS = 8  # whose rows are remembered while nothing changes
HELD = 64 << 20  # bytes of the columns of one table that are held in memory
LIGHT = frozenset(("id", "entity", "path", "origin", "hash", "label", "metadata", "missing", "text"))
FIRST, ROWS = 8, 10_000  # readings before columns are held, and one more for every so many rows


class View:
    """A consistent reading of all tables at one commit; stays as it is while others write."""

    def __init__(self, path: Path, head: Head) -> None:
        import lance

        self.head = head
        self._path = path
        with _readable(path):
            self._datasets = {
                table: lance.dataset(str(path / f"{table}.lance"), version=head.versions[table])
                for table in TABLES
            }
        self._missing: dict[Table, bool] = {}
        self._kept: dict[tuple[Table, str], Array] = {}
        self._held: dict[tuple[Table, tuple[str, ...]], _Held] = {}
        self._lock = threading.Lock()

    def dataset(self, table: Table) -> Any:
        """The Lance dataset of a table at this commit."""
        return self._datasets[table]

    def count(self, table: Table) -> int:
        """Rows of a table."""
        return self.head.counts[table]

    def names(self, table: Table) -> list[str]:
        """Column names of a table."""
        return list(self._datasets[table].schema.names)

    def scan(self, table: Table, columns: Sequence[str], where: str | None = None) -> pa.Table:
        """Columns of all rows, or of those a checked SQL filter keeps; `_rowid` is always the last column."""
        with _readable(self._path):
            return self._datasets[table].to_table(columns=list(columns), filter=where, with_row_id=True)

    def batches(
        self, table: Table, columns: Sequence[str], rows: int = 8192, where: str | None = None
    ) -> Iterator[pa.RecordBatch]:
        """The same as `scan` in pieces, so that memory stays flat."""
        dataset = self._datasets[table]
        with _readable(self._path):
            yield from dataset.to_batches(
                columns=list(columns), batch_size=rows, filter=where, with_row_id=True, batch_readahead=4
            )

    def keys(self, table: Table, where: str | None = None) -> Array:
        """Row addresses, (n,) int64, of all rows or of those a checked SQL filter keeps."""
        if where is None:
            return _int64(self.scan(table, [])["_rowid"])
        if (table, where) not in self._kept:
            if len(self._kept) >= FILTERS:
                self._kept.clear()
            self._kept[table, where] = _int64(self.scan(table, [], where)["_rowid"])
        return self._kept[table, where]

    def take(self, table: Table, keys: Array, columns: Sequence[str]) -> pa.Table:
        """Rows by address, in the order asked; addresses that are gone are left out.

        A reading of a few rows costs a millisecond and more, whatever they hold. So small columns that are
        asked for again and again are held in memory while nothing changes.
        """
        if len(keys) == 0:
            return self.scan(table, columns, "false")
        if LIGHT.issuperset(columns) and (held := self._hold(table, tuple(columns)).take(keys)) is not None:
            return held
        listed = ",".join(str(int(key)) for key in keys)
        found = self.scan(table, columns, f"_rowid in ({listed})")
        place = {key: i for i, key in enumerate(_int64(found["_rowid"]).tolist())}
        return found.take([place[int(key)] for key in keys if int(key) in place])

    def _hold(self, table: Table, columns: tuple[str, ...]) -> _Held:
        """The columns in memory: empty before they are asked for often, and when they are too large."""
        with self._lock:
            held = self._held.setdefault((table, columns), _Held())
            held.asked += 1
            # reading all of it once may cost as much as the readings before have cost together, not more
            if held.asked == FIRST + self.count(table) // ROWS:
                held.read(self.batches(table, columns))
            return held

    def by_ids(
        self, table: Table, ids: Sequence[str], columns: Sequence[str], column: str = "id"
    ) -> pa.Table:
        """Rows by id (or by another column of strings), in table order."""
        parts = [self.scan(table, columns, named) for named in conditions(column, ids)]
        return pa.concat_tables(parts) if parts else self.scan(table, columns, "false")

    def words(self, words: str, limit: int) -> pa.Table:
        """Texts that hold some of the words, best first: `id`, `entity`, `_score`, `_rowid`.

        The text index must be there (`has_text_index`); rows added since are searched too.
        """
        scanner = self._datasets["texts"].scanner(
            columns=["id", "entity", "_score"],
            full_text_query=words,
            limit=limit,
            with_row_id=True,
            disable_scoring_autoprojection=True,
        )
        with _readable(self._path):
            return scanner.to_table()

    def containing(self, words: str, limit: int) -> pa.Table:
        """The same as `words` without an index: those that contain most of the words, upper case or lower."""
        wanted = list(dict.fromkeys(words.lower().split()))
        tests = [f"contains(lower(text), {_literals([word])})" for word in wanted]
        found = self.scan("texts", ["id", "entity", "text"], " or ".join(tests))
        score = np.zeros(found.num_rows, dtype=np.float32)
        for word in wanted:
            score += np.array([word in text.lower() for text in found["text"].to_pylist()], dtype=np.float32)
        best = np.argsort(-score, kind="stable")[:limit]
        return found.append_column("_score", pa.array(score)).drop_columns(["text"]).take(best)

    @cached_property
    def has_text_index(self) -> bool:
        """Whether the full-text index over the texts is there."""
        return has_text_index(self._datasets["texts"])

    def has_missing(self, table: Table) -> bool:
        """Whether some items' files have vanished."""
        if table not in self._missing:
            with _readable(self._path):
                self._missing[table] = self._datasets[table].count_rows(filter="missing = true") > 0
        return self._missing[table]


class _Held:
    """Columns of all rows of a table, and how often they were asked for."""

    def __init__(self) -> None:
        self.asked = 0
        self.rows: pa.Table | None = None
        self._keys = np.empty(0, dtype=np.int64)  # rising
        self._order = self._keys  # where the row of each lies

    def read(self, batches: Iterator[pa.RecordBatch]) -> None:
        """Take in all rows, unless they are too large."""
        found, size = [], 0
        for batch in batches:
            found.append(batch)
            size += batch.nbytes
            if size > HELD:
                return
        if found:
            rows = pa.Table.from_batches(found).combine_chunks()
            keys = _int64(rows["_rowid"])
            self._order = np.argsort(keys, kind="stable")
            self._keys, self.rows = keys[self._order], rows

    def take(self, keys: Array) -> pa.Table | None:
        """Rows by address, as `View.take` gives them; None when they are not held."""
        if self.rows is None:
            return None
        wanted = np.asarray(keys, dtype=np.int64)
        places = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        return self.rows.take(self._order[places[self._keys[places] == wanted]])


def conditions(column: str, values: Sequence[str]) -> Iterator[str]:
    """SQL conditions, some thousand values each, that together keep the rows with these values."""
    for start in range(0, len(values), CHUNK):
        yield f"{column} in ({_literals(values[start : start + CHUNK])})"


def has_text_index(dataset: Any) -> bool:
    """Whether a dataset of texts has its full-text index."""
    return bool(dataset.has_index) and any(index.name == "text_idx" for index in dataset.describe_indices())


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Say it in one sentence when files of a table are gone or not what was written."""
    try:
        yield
    except (OSError, pa.ArrowInvalid) as error:
        if isinstance(error, OSError) or "External error" in str(error):
            raise Damaged(
                f"{path} cannot be read ({str(error).splitlines()[0]}); open it again if it was compacted "
                "meanwhile, else restore it from a copy or go back to a snapshot"
            ) from error
        raise


def _literals(values: Iterable[str]) -> str:
    return ",".join("'" + str(value).replace("'", "''") + "'" for value in values)


def _int64(column: pa.ChunkedArray) -> Array:
    return np.asarray(column.to_numpy(), dtype=np.uint64).astype(np.int64)
