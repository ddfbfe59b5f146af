"""Export a collection to Parquet and read it back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tuwen import learned, tables
from tuwen.arrays import Modality
from tuwen.errors import CollectionError, Damaged, InputError
from tuwen.files import read_json, replacing, write_json
from tuwen.head import LEARNED
from tuwen.tables import TABLE_OF, Table
from tuwen.view import View

if TYPE_CHECKING:
    from tuwen.collection import Collection

_DERIVED = ("code", "check", "added")


def export(collection: Collection, folder: Path) -> list[Path]:
    """Write `images.parquet`, `texts.parquet` and `collection.json` into a folder; returns the files.

    Metadata becomes a column of JSON text; vectors keep their precision. A fitted method comes too, in
    `learned/`.

    Raises:
        InputError: The folder holds other files.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is there already and is not an empty folder; choose another")
    folder.mkdir(parents=True, exist_ok=True)
    view = collection.store.view
    written = []
    for table in ("images", "texts"):
        columns = [name for name in view.names(table) if name not in _DERIVED]
        path = folder / f"{table}.parquet"
        with (
            replacing(path) as temporary,
            pq.ParquetWriter(temporary, _plain(view, table, columns)) as writer,
        ):
            for batch in view.batches(table, columns):
                writer.write_table(_plain_rows(batch, writer.schema))
        written.append(path)
    if collection.store.identity.method:
        learned.copy(collection.path / LEARNED, folder / LEARNED)
    write_json(folder / "collection.json", asdict(collection.store.identity))
    return [*written, folder / "collection.json"]


def import_from(collection: Collection, folder: Path) -> int:
    """Add the items of an export; how many were added.

    Raises:
        CollectionError: The export is of another encoder, or there is none.
        Damaged: A file of the export cannot be read.
        InputError: An id is there already; nothing was added.
    """
    if not (folder / "collection.json").is_file():
        raise CollectionError(f"{folder} has no collection.json; it is not an export of tuwen")
    theirs, ours = read_json(folder / "collection.json"), collection.store.identity
    if theirs.get("fingerprint") != ours.fingerprint:  # not by name: its folder may have moved
        raise CollectionError(
            f"{folder} was exported from encoder {theirs.get('encoder') or 'none'!r}, "
            f"the collection has {ours.encoder or 'none'!r}; vectors of two encoders do not compare"
        )
    added = 0
    with collection.writing():
        for kind in TABLE_OF:
            _check_new(collection, folder, kind)
        for kind in TABLE_OF:
            for batch in _read(folder, kind):
                values = {name: batch[name].to_pylist() for name in batch.schema.names if name != "vector"}
                values["metadata"] = tables.read_metadata(values["metadata"])
                added += collection.add_vectors(
                    kind, values.pop("id"), tables.matrix(batch["vector"]), **values
                )
    return added


def _check_new(collection: Collection, folder: Path, kind: Modality) -> None:
    """Refuse an export of which some items are there already, before any is added."""
    table = TABLE_OF[kind]
    there = collection.store.view.scan(table, ["id"])["id"].combine_chunks()
    for batch in _read(folder, kind, ["id"]):
        twice = batch.filter(pc.is_in(batch["id"], there))
        if twice.num_rows:
            raise InputError(
                f"{table} has an item {twice['id'][0].as_py()!r} already, as has the export in {folder}; "
                "import into another collection, or delete those items first"
            )


def _read(folder: Path, kind: Modality, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    path = folder / f"{TABLE_OF[kind]}.parquet"
    try:
        with pq.ParquetFile(path) as file:
            missing = {"id", "vector", "metadata"} - set(file.schema_arrow.names)
            if missing:
                raise Damaged(f"{path} has no column {sorted(missing)[0]!r}; export again")
            yield from file.iter_batches(batch_size=65_536, columns=columns)
    except (OSError, pa.ArrowInvalid) as error:
        raise Damaged(f"{path} is not a readable Parquet file ({error}); export again") from error


def _plain(view: View, table: Table, columns: list[str]) -> pa.Schema:
    schema = view.dataset(table).schema
    return pa.schema(
        [pa.field(name, pa.string() if name == "metadata" else schema.field(name).type) for name in columns]
    )


def _plain_rows(batch: pa.RecordBatch, schema: pa.Schema) -> pa.Table:
    arrays = []
    for field in schema:
        array = batch[field.name]
        arrays.append(array.storage.cast(pa.string()) if field.name == "metadata" else array)
    return pa.Table.from_arrays(arrays, schema=schema)
