"""Is a collection what was written? Rows, ids, checksums, vectors and indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from tuwen import tables
from tuwen.arrays import Array
from tuwen.errors import Damaged, InputError
from tuwen.index.base import Index
from tuwen.tables import TABLE_OF, Table
from tuwen.view import View

if TYPE_CHECKING:
    from tuwen.collection import Collection

SHOWN = 5  # ids named in one sentence
ROUNDED = 0.01  # by which a vector of an index may differ from the stored one
FLIPPED = 0.25  # share of bits near the border that rounding may turn over; of a foreign code half differ


def verify(collection: Collection) -> list[str]:
    """Check all that can be checked without the sources; one sentence for each fault found.

    Every row has a unique id and an entity; the checksum over id, content and vector holds, so that
    nothing has rotted or slid to another row; vectors are finite and of length one; the number of rows
    is the committed one; codes are those of their vectors; the indexes hold the same rows as the tables,
    with the same vectors. Files that cannot be read are a fault too.
    """
    view = collection.store.view
    faults: list[str] = []
    for table in TABLE_OF.values():
        try:
            faults += _rows(view, table)
            faults += _codes(collection, view, table)
            faults += _index(collection, view, table)
        except (Damaged, InputError) as error:
            faults.append(f"{table}: {error}")
    return faults


def _rows(view: View, table: Table) -> list[str]:
    content = "text" if table == "texts" else "hash"
    rotten: list[str] = []
    odd: list[str] = []
    homeless = 0
    for batch in view.batches(table, ["id", "entity", content, "vector", "check"]):
        names = batch["id"].to_pylist()
        stored = tables.matrix(batch["vector"])
        checks = tables.row_checks(names, batch[content].to_pylist(), stored)
        rotten += [names[i] for i in np.flatnonzero(checks != batch["check"].to_numpy())]
        with np.errstate(invalid="ignore", over="ignore"):
            norms = np.linalg.norm(stored.astype(np.float32), axis=1)
        # written so that NaN counts as odd too
        odd += [names[i] for i in np.flatnonzero(~(np.abs(norms - 1) < 0.01))]
        homeless += batch["entity"].null_count
    ids = view.scan(table, ["id"])["id"]
    faults = []
    if len(ids) != view.count(table):
        faults.append(f"{table}: {len(ids)} rows, but {view.count(table)} were committed")
    if ids.null_count:
        faults.append(f"{table}: {ids.null_count} rows without an id")
    counted = pc.value_counts(ids)
    twice = counted.filter(pc.greater(pc.struct_field(counted, "counts"), 1))
    faults += _named(table, "ids stand more than once", [value["values"] for value in twice.to_pylist()])
    faults += _named(table, "rows do not match their checksum", rotten)
    faults += _named(table, "vectors are not of length one", odd)
    if homeless:
        faults.append(f"{table}: {homeless} rows without an entity")
    return faults


def _codes(collection: Collection, view: View, table: Table) -> list[str]:
    if "code" not in view.names(table) or view.count(table) == 0:
        return []
    hasher = collection.hasher()
    wrong: list[str] = []
    for batch in view.batches(table, ["id", "vector", "code"]):
        vectors = tables.matrix(batch["vector"]).astype(np.float32)
        sound = np.asarray(np.isfinite(vectors).all(axis=1))  # the others were named with the rows
        vectors = np.where(sound[:, None], vectors, 0)
        expected = hasher.transform(vectors, "image" if table == "images" else "text")
        flipped = np.bitwise_count(tables.matrix(batch["code"]) ^ expected).mean(axis=1) / 8 * sound
        wrong += [batch["id"][int(i)].as_py() for i in np.flatnonzero(flipped > FLIPPED)]
    return _named(table, "codes are not those of their vectors", wrong)


def _index(collection: Collection, view: View, table: Table) -> list[str]:
    if view.count(table) == 0:
        return []
    wanted = np.sort(view.keys(table))
    faults = []
    for column in ("vector", "code"):
        if column not in view.names(table):
            continue
        hint = f"remove {collection.path / 'index'} to have it rebuilt"
        with collection.indexes.using(view, table, column) as index:
            if not isinstance(index, Index):  # the disk answers, from the table itself
                continue
            held = np.sort(index.keys)
            if not np.array_equal(held, wanted):
                faults.append(
                    f"{table}: the {column} index holds {len(held)} rows, the table {len(wanted)}; {hint}"
                )
            elif other := _differing(index, view, table, column):
                faults.append(f"{table}: {other} rows of the {column} index are not those stored; {hint}")
    return faults


def _differing(index: Index, view: View, table: Table, column: str) -> int:
    """Rows of which an index holds something else than the table."""
    count = 0
    for batch in view.batches(table, [column]):
        stored: Array = tables.matrix(batch[column])
        there = index.vectors(batch["_rowid"].to_numpy().astype(np.int64))
        if column == "code":
            count += int((there != stored).any(axis=1).sum())
        else:
            count += int((~(np.abs(there - stored.astype(np.float32)) < ROUNDED).all(axis=1)).sum())
    return count


def _named(table: Table, what: str, ids: list[str]) -> list[str]:
    if not ids:
        return []
    shown = ", ".join(repr(identifier) for identifier in ids[:SHOWN]) + (", ..." if len(ids) > SHOWN else "")
    return [f"{table}: {len(ids)} {what}: {shown}"]
