"""Fast answers: one index in memory a table and column, kept in step with the store."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
from filelock import FileLock

from tuwen import index, tables
from tuwen.arrays import Array
from tuwen.errors import CollectionError
from tuwen.index.base import Index
from tuwen.index.disk import Disk
from tuwen.store import Store
from tuwen.tables import Table
from tuwen.view import View

Column = Literal["vector", "code"]
# an index that lags by more than this share of its rows is built anew rather than added to
LAG = 0.5
PROBES = 256
MEMORY_SHARE = 0.5  # of the free memory that one index may take before the disk answers
SAVE_SECONDS = 10.0  # to wait for another process that saves the same index


class Indexes:
    """The indexes of a collection; made when first needed, saved beside the tables.

    Several threads may search one index while it stays as it is; it changes when none does.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ready: dict[tuple[Table, Column], tuple[Index, int, int]] = {}
        self._lock = threading.RLock()
        self._idle = threading.Condition(self._lock)
        self._searching: Counter[tuple[Table, Column]] = Counter()

    @contextmanager
    def using(self, view: View, table: Table, column: Column = "vector") -> Iterator[Index | Disk]:
        """The index of a column as of a view, which no other thread changes in the block."""
        with self._lock:
            ready = self.get(view, table, column)
            self._searching[table, column] += 1
        try:
            yield ready
        finally:
            with self._lock:
                self._searching[table, column] -= 1
                self._idle.notify_all()

    def get(self, view: View, table: Table, column: Column = "vector") -> Index | Disk:
        """The index of a column as of a view: from memory, from disk, or built.

        Another thread may change it after that; search it in the block of `using`.
        """
        with self._lock:
            version, epoch = view.head.versions[table], view.head.epoch
            while True:
                known = self._ready.get((table, column))
                if known and known[1:] == (version, epoch):
                    return known[0]
                if not (known and known[2] == epoch and self._searching[table, column]):
                    break
                self._idle.wait()
            if known is None and column == "vector" and self.on_disk(view, table):
                return Disk(view.dataset(table), column)
            found = known[0] if known and known[2] == epoch else self._load(view, table, column)
            fresh = found is None or not self._follow(found, view, table, column)
            ready = self._build(view, table, column) if fresh or found is None else found
            self._ready[table, column] = (ready, version, epoch)
            if fresh:
                self._save(ready, view, table, column)
            return ready

    def save(self, view: View) -> None:
        """Bring every index in use up to the view and save it."""
        wanted: list[tuple[Table, Column]] = [
            (table, column)
            for table in ("images", "texts")
            for column in ("vector", "code")
            if column in view.names(table) and view.count(table)
        ]
        for table, column in wanted:
            ready = self.get(view, table, column)
            if isinstance(ready, Index):
                self._save(ready, view, table, column)

    def on_disk(self, view: View, table: Table) -> bool:
        """Whether memory is too short for the vectors of a table, so that Lance's own index answers."""
        return view.count(table) > 0 and _kind(view, table) == "disk"

    def _follow(self, found: Index, view: View, table: Table, column: Column) -> bool:
        """Add and remove what has changed; False when building anew is better."""
        now, then = np.sort(view.keys(table)), np.sort(found.keys)
        new, gone = _without(now, then), _without(then, now)
        if len(new) > LAG * max(len(now), 1) and len(new) > 1000:
            return False
        if column == "vector" and len(new) and found.kind != index.choose(len(now), found.width):
            return False
        if len(gone):
            found.remove(gone)
        for start in range(0, len(new), 4096):
            keys = new[start : start + 4096]
            found.add(keys, _values(view.take(table, keys, [column])[column]))
        return not found.needs_rebuild

    def _build(self, view: View, table: Table, column: Column) -> Index:
        count, width = view.count(table), _width(view, table, column)
        if column == "code":
            return index.build("binary", _Blocks(view, table, column), width=width, count=count)
        kind, blocks, queries = index.choose(count, width), _Blocks(view, table, column), _probes(view, table)
        folder = self._folder(table, column)
        try:
            return index.build(kind, blocks, width=width, count=count, queries=queries, folder=folder)
        except OSError:  # a folder that cannot be written: everything stays in memory
            return index.build(kind, blocks, width=width, count=count, queries=queries)

    def _load(self, view: View, table: Table, column: Column) -> Index | None:
        return index.load(self._folder(table, column), self._stamp(view, table))

    def _save(self, ready: Index, view: View, table: Table, column: Column) -> None:
        folder = self._folder(table, column)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(folder / "save.lock").acquire(timeout=SAVE_SECONDS), self._lock:
                self._idle.wait_for(lambda: not self._searching[table, column])
                ready.save(folder, self._stamp(view, table))
        except (OSError, CollectionError):
            # a read-only or full disk costs the cache, not the answer
            return

    def _folder(self, table: Table, column: Column) -> Path:
        return self._store.path / "index" / f"{table}-{column}"

    def _stamp(self, view: View, table: Table) -> dict[str, Any]:
        # rows added or removed since are found by their keys; only an epoch makes keys mean other rows
        identity = self._store.identity
        return {
            "table": table,
            "epoch": view.head.epoch,
            "collection": identity.key or identity.created,
            "dtype": identity.dtype,
        }


class _Blocks:
    """Keys and vectors of a column in pieces; can be gone through more than once."""

    def __init__(self, view: View, table: Table, column: Column) -> None:
        self._view, self._table, self._column = view, table, column

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        for batch in self._view.batches(self._table, [self._column]):
            yield batch["_rowid"].to_numpy().astype(np.int64), _values(batch[self._column])


def _without(keys: Array, others: Array) -> Array:
    """Those of rising keys that are not among other rising keys."""
    if not len(others):
        return keys
    place = np.minimum(np.searchsorted(others, keys), len(others) - 1)
    return np.asarray(keys[others[place] != keys])


def _probes(view: View, table: Table) -> Array | None:
    """Vectors such as will be asked: of the other modality, which lies elsewhere in the space."""
    other: Table = "texts" if table == "images" else "images"
    if view.count(other) < PROBES:
        return None
    keys = np.random.default_rng(0).choice(np.sort(view.keys(other)), PROBES, replace=False)
    return _values(view.take(other, keys, ["vector"])["vector"])


def _kind(view: View, table: Table) -> str:
    return index.choose(view.count(table), _width(view, table, "vector"), _spare_bytes())


def _width(view: View, table: Table, column: Column) -> int:
    size = int(view.dataset(table).schema.field(column).type.list_size)
    return size * 8 if column == "code" else size


def _spare_bytes() -> int:
    import psutil

    return int(psutil.virtual_memory().available * MEMORY_SHARE)


def _values(column: Any) -> Array:
    values = tables.matrix(column)
    return values if values.dtype == np.uint8 else values.astype(np.float32)
