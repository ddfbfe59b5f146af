"""Is a collection what was written? Rows, ids, checksums, vectors and indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from tuwen import tables
from tuwen.store import View
from tuwen.tables import Table

if TYPE_CHECKING:
    from tuwen.collection import Collection

SHOWN = 5  # ids named in one sentence


def verify(collection: Collection) -> list[str]:
    """Check all that can be checked without the sources; one sentence for each fault found.

    Every row has a unique id and an entity; the checksum over id, content and vector holds, so that
    nothing has rotted or slid to another row; vectors are finite and of length one; the number of rows
    is the committed one; the indexes hold the same rows as the tables.
    """
    view = collection.store.view
    faults: list[str] = []
    for table in ("images", "texts"):
        faults += _rows(view, table)
        faults += _index(collection, view, table)
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


def _index(collection: Collection, view: View, table: Table) -> list[str]:
    if view.count(table) == 0:
        return []
    wanted = np.sort(view.keys(table))
    faults = []
    for column in ("vector", "code"):
        if column not in view.names(table):
            continue
        held = np.sort(collection.indexes.get(view, table, column).keys)
        if not np.array_equal(held, wanted):
            faults.append(
                f"{table}: the {column} index holds {len(held)} rows, the table {len(wanted)}; "
                f"remove {collection.path / 'index'} to have it rebuilt"
            )
    return faults


def _named(table: Table, what: str, ids: list[str]) -> list[str]:
    if not ids:
        return []
    shown = ", ".join(repr(identifier) for identifier in ids[:SHOWN]) + (", ..." if len(ids) > SHOWN else "")
    return [f"{table}: {len(ids)} {what}: {shown}"]
