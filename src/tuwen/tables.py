"""The columns of a collection's tables, and rows made of plain values."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from tuwen.arrays import Array, Modality
from tuwen.errors import InputError

Kind = Literal["string", "int", "float", "bool"]
Table = Literal["images", "texts", "ledger"]
TABLES: tuple[Table, ...] = ("images", "texts", "ledger")
TABLE_OF: dict[Modality, Table] = {"image": "images", "text": "texts"}

_SHARED: tuple[tuple[str, pa.DataType], ...] = (
    ("path", pa.string()),
    ("source", pa.string()),
    ("origin", pa.string()),
    ("hash", pa.string()),
    ("size", pa.int64()),
    ("mtime_ns", pa.int64()),
    ("label", pa.string()),
    ("metadata", pa.json_()),
    ("missing", pa.bool_()),
)
_IMAGES: tuple[tuple[str, pa.DataType], ...] = (
    ("phash", pa.uint64()),
    ("width_px", pa.int32()),
    ("height_px", pa.int32()),
    ("thumbnail", pa.binary()),
)
_LEDGER = pa.schema(
    [
        ("item", pa.string()),
        ("code", pa.string()),
        ("reason", pa.string()),
        ("source", pa.string()),
        ("size", pa.int64()),
        ("mtime_ns", pa.int64()),
        ("hash", pa.string()),
        ("time", pa.timestamp("us", tz="UTC")),
    ]
)
_DEFAULTS: dict[str, Any] = {
    "path": "", "source": "", "origin": "", "hash": "", "size": -1, "mtime_ns": -1, "missing": False,
}  # fmt: skip
# what a filter may name directly; every other name is a metadata key
FILTER_COLUMNS: dict[str, Kind] = {
    "id": "string",
    "entity": "string",
    "text": "string",
    "path": "string",
    "source": "string",
    "label": "string",
    "size": "int",
    "missing": "bool",
    "width_px": "int",
    "height_px": "int",
}


def schema(table: Table, width: int, dtype: str, code_bytes: int = 0) -> pa.Schema:
    """The columns of one table.

    Args:
        table: Which table.
        width: Columns of the vectors.
        dtype: `float16` or `float32`, the stored precision.
        code_bytes: Bytes of a hash code; 0 when there are no codes yet.
    """
    if table == "ledger":
        return _LEDGER
    value = pa.float16() if dtype == "float16" else pa.float32()
    columns = [("id", pa.string()), ("entity", pa.string()), ("vector", pa.list_(value, width))]
    if table == "texts":
        columns.append(("text", pa.string()))
    columns.extend(_SHARED)
    if table == "images":
        columns.extend(_IMAGES)
    columns += [("added", pa.timestamp("us", tz="UTC")), ("check", pa.uint32())]
    if code_bytes:
        columns.append(("code", pa.list_(pa.uint8(), code_bytes)))
    return pa.schema(columns)


def filter_columns(table: Table) -> dict[str, Kind]:
    """Column name to its type in filters, for one table."""
    absent = {"width_px", "height_px"} if table == "texts" else {"text"}
    return {name: kind for name, kind in FILTER_COLUMNS.items() if name not in absent}


def rows(
    wanted: pa.Schema, vectors: Array, columns: dict[str, Sequence[Any]], codes: Array | None = None
) -> pa.Table:
    """A table of items in the columns of `wanted`; what is not given takes its default.

    Args:
        wanted: From `schema`.
        vectors: (n, width), stored at the schema's precision.
        columns: Values by column name, each n long; `id` is required, `metadata` holds dicts.
        codes: (n, bytes) uint8 when the schema has codes.

    Raises:
        InputError: A column has another length than the vectors, or a value that it cannot hold; a vector
            has no direction.
    """
    n = len(vectors)
    for name, values in columns.items():
        if len(values) != n:
            raise InputError(f"{name} has {len(values)} values but there are {n} vectors; they must align")
    value_type = wanted.field("vector").type.value_type
    stored = np.ascontiguousarray(vectors, dtype=np.float16 if value_type == pa.float16() else np.float32)
    given = dict(columns)
    _check_directions(given["id"], stored)
    entities = given.get("entity", [None] * n)
    given["entity"] = [
        own if entity is None else entity for entity, own in zip(entities, given["id"], strict=True)
    ]
    contents = given["text"] if "text" in wanted.names else given.get("hash", [""] * n)
    given.setdefault("added", [datetime.now(UTC)] * n)
    arrays = []
    for field in wanted:
        if field.name == "vector":
            array = pa.FixedSizeListArray.from_arrays(pa.array(stored.ravel()), field.type.list_size)
        elif field.name == "code":
            array = _codes(codes, n, field.type)
        elif field.name == "check":
            array = pa.array(row_checks(given["id"], contents, stored), pa.uint32())
        else:
            array = _column(field, given.get(field.name), n)
        arrays.append(array)
    return pa.Table.from_arrays(arrays, schema=wanted)


def matrix(column: pa.ChunkedArray | pa.Array) -> Array:
    """A fixed-size-list column as (n, width) in the stored precision; one chunk is not copied."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # no rows, or too many for one chunk
        parts = [matrix(chunk) for chunk in array.chunks]
        width = array.type.list_size
        empty = np.empty((0, width), dtype=array.type.value_type.to_pandas_dtype())
        return np.concatenate(parts) if parts else empty
    return np.asarray(array.flatten().to_numpy(zero_copy_only=False).reshape(-1, array.type.list_size))


def read_metadata(values: Sequence[str | None]) -> list[dict[str, Any]]:
    """The metadata column's JSON texts as dicts."""
    return [json.loads(value) if value else {} for value in values]


def row_checks(ids: Sequence[str], contents: Sequence[str], stored: Array) -> Array:
    """CRC-32 of id, content (text or hash) and vector bytes of each row, (n,) uint32.

    Kept with the row, so that a vector that slid to another row, or rotted, is found.
    """
    checks = np.empty(len(stored), dtype=np.uint32)
    for i, (identifier, content) in enumerate(zip(ids, contents, strict=True)):
        start = zlib.crc32(f"{identifier}\0{content or ''}".encode("utf-8", "surrogatepass"))
        checks[i] = zlib.crc32(stored[i].data, start)
    return checks


def _check_directions(ids: Sequence[str], stored: Array) -> None:
    """Refuse vectors of zeros: they compare with nothing."""
    empty = ~stored.any(axis=1)
    if empty.any():
        raise InputError(
            f"the vector of {ids[int(empty.argmax())]!r} is all zeros, as are {int(empty.sum())} in all; "
            "it has no direction to compare"
        )


def _column(field: pa.Field, values: Sequence[Any] | None, n: int) -> pa.Array:
    try:
        if field.name == "metadata":
            texts = ["{}"] * n if values is None else [metadata_json(value) for value in values]
            return pa.ExtensionArray.from_storage(pa.json_(), pa.array(texts, pa.string()))
        return pa.array([_DEFAULTS.get(field.name)] * n if values is None else values, field.type)
    except InputError:
        raise
    except (TypeError, ValueError, OverflowError) as error:  # Arrow's own errors are among these
        raise InputError(f"{field.name} has a value that does not fit ({field.type}): {error}") from error


def metadata_json(value: dict[str, Any] | None) -> str:
    """Metadata as the JSON text that is stored.

    Raises:
        InputError: It is no dict.
    """
    if value is not None and not isinstance(value, dict):
        raise InputError(f"metadata is {type(value).__name__}; it must be a dict of JSON values by name")
    return json.dumps(value or {}, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    """What JSON has no form for: numbers and arrays of numpy as plain ones, the rest as text."""
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else str(value)


def _codes(codes: Array | None, n: int, kind: pa.DataType) -> pa.Array:
    if codes is None:
        return pa.nulls(n, kind)
    packed = np.ascontiguousarray(codes, dtype=np.uint8)
    return pa.FixedSizeListArray.from_arrays(pa.array(packed.ravel()), kind.list_size)
