"""Items as the store has them: which a filter keeps, and what their rows say."""

from __future__ import annotations

import json
from typing import Any

from tuwen import filters, tables
from tuwen.arrays import Modality
from tuwen.results import Item
from tuwen.tables import Table
from tuwen.view import View

_COLUMNS = ("id", "entity", "path", "origin", "label", "metadata", "missing")


def condition(view: View, table: Table, where: str | None) -> str | None:
    """The SQL of a filter; None keeps all. Items whose files have vanished only answer when asked for."""
    conditions = []
    names: tuple[str, ...] = ()
    if where:
        parsed = filters.parse(where)
        names = parsed.names
        conditions.append(parsed.sql(tables.filter_columns(table), view.head.metadata_keys))
    if "missing" not in names and view.has_missing(table):
        conditions.append("missing = false")
    return " and ".join(f"({part})" for part in conditions) or None


def item_columns(kind: Modality) -> list[str]:
    """The columns that make an `Item`."""
    return [*_COLUMNS, "text"] if kind == "text" else list(_COLUMNS)


def item_values(row: dict[str, Any], kind: Modality) -> dict[str, Any]:
    """The fields of an `Item` from a row of its table."""
    values = {name: row[name] for name in item_columns(kind)}
    values["metadata"] = json.loads(values["metadata"] or "{}")
    return values | {"kind": kind}


def to_items(rows: Any, kind: Modality) -> list[Item]:
    """Items from a table that has their columns."""
    return [Item(**item_values(row, kind)) for row in rows.to_pylist()]
