"""Changes to a collection without a source: vectors made elsewhere, what is known of an item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tuwen import tables
from tuwen.arrays import Array, Modality, check_matrix, unit_rows
from tuwen.data.lines import is_text
from tuwen.errors import InputError, unknown
from tuwen.files import content_hash
from tuwen.tables import Table
from tuwen.view import View

if TYPE_CHECKING:
    from tuwen.collection import Collection

BLOCK = 65_536  # rows that are checked and written at a time
_MADE = {"id", "vector", "check", "added", "code"}  # columns that nobody gives
_KNOWN = ("label", "metadata", "entity", "text")  # values that may be changed


def add_vectors(
    collection: Collection,
    table: Table,
    kind: Modality,
    ids: Sequence[str],
    vectors: Array,
    columns: dict[str, Sequence[Any]],
    *,
    overwrite: bool,
) -> int:
    """See `Collection.add_vectors`."""
    names = [str(identifier) for identifier in ids]
    if len(names) != len(vectors):
        raise InputError(f"there are {len(names)} ids but {len(vectors)} vectors; they must align")
    there = set(collection.store.view.names(table)) - _MADE
    for name, column in columns.items():
        if name not in there:
            raise unknown("column", name, there)
        if len(column) != len(names):
            raise InputError(
                f"{name} has {len(column)} values but there are {len(names)} vectors; they must align"
            )
    with collection.store.transaction() as transaction:
        # in here, so that no other writer adds the same ids meanwhile
        _check_ids(collection.store.view, table, names, overwrite=overwrite)
        for start in range(0, len(names), BLOCK):
            part = slice(start, start + BLOCK)
            block = unit_rows(check_matrix("vectors", vectors[part], collection.width))
            values: dict[str, Sequence[Any]] = {name: column[part] for name, column in columns.items()}
            if kind == "text":
                values.setdefault("text", names[part])
            made = collection.rows(
                kind, block, {"id": names[part], **values}, transaction.dataset(table).schema
            )
            (transaction.replace if overwrite else transaction.append)(table, made)
            transaction.learn_keys({key for row in values.get("metadata", ()) for key in row or ()})
    return len(names)


def update(
    collection: Collection, table: Table, kind: Modality, identifier: str, values: dict[str, Any]
) -> None:
    """See `Collection.update`."""
    for name in values:
        if name not in _KNOWN:
            raise unknown("value", name, _KNOWN)
    vector = _vector_of(collection, kind, values["text"]) if "text" in values else None
    with collection.store.transaction() as transaction:
        schema = transaction.dataset(table).schema
        collection.get(kind, identifier)  # says so when there is no such item
        (row,) = collection.store.view.by_ids(table, [identifier], schema.names).to_pylist()
        changed = values.pop("metadata", None) or {}
        if not isinstance(changed, dict):
            raise InputError(f"metadata is {type(changed).__name__}; it must be a dict")
        known = tables.read_metadata([row["metadata"]])[0] | changed
        row |= values | {"metadata": {key: value for key, value in known.items() if value is not None}}
        stored = np.asarray(row.pop("vector"), dtype=np.float32)[None]
        if vector is not None:
            row["hash"] = content_hash(values["text"].encode())
        columns: dict[str, Sequence[Any]] = {
            name: [value] for name, value in row.items() if name in schema.names
        }
        transaction.replace(
            table, collection.rows(kind, stored if vector is None else vector, columns, schema)
        )
        transaction.learn_keys(known)


def _vector_of(collection: Collection, kind: Modality, text: Any) -> Array:
    """The unit row of a text's new words, (1, width)."""
    if kind != "text":
        raise InputError(f"an {kind} has no text to change; change the text that belongs to it")
    if not isinstance(text, str) or not text.strip() or not is_text(text):
        raise InputError(f"the text is {text!r}; give words, or delete the item")
    vector = collection.encoder.encode_texts([text])
    if not vector.any():
        raise InputError(
            f"{text!r} says nothing to the encoder {collection.encoder.name}: it knows none of the words"
        )
    return vector


def _check_ids(view: View, table: Table, ids: list[str], *, overwrite: bool) -> None:
    seen: set[str] = set()
    for identifier in ids:
        if not identifier or identifier in seen:
            what = "stands twice" if identifier else "is empty"
            raise InputError(f"id {identifier!r} {what}; ids must be unique and not empty")
        seen.add(identifier)
    if overwrite or view.count(table) == 0:
        return
    for batch in view.batches(table, ["id"]):
        for identifier in batch["id"].to_pylist():
            if identifier in seen:
                raise InputError(
                    f"{table} has an item {identifier!r} already; use another id, delete it first, "
                    "or pass overwrite=True"
                )
