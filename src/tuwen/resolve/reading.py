"""One side of a comparison as its source has it: ids, contents, columns; what cannot be used is listed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from tuwen import data
from tuwen.arrays import Modality
from tuwen.collection import Collection
from tuwen.data import Source
from tuwen.data.columns import TEXT
from tuwen.data.table import TableSource
from tuwen.errors import InputError
from tuwen.features import Features, items_of
from tuwen.ingest.naming import text_id
from tuwen.records import Picture, Record, Refusal, Text
from tuwen.resolve.base import Content, Side
from tuwen.resolve.given import Given, present, wordy

_SAMPLE = 50  # records that tell what a source holds


def columns_of(source: Source | Collection) -> tuple[str, ...]:
    """The columns of a table that may make the text; none of anything else."""
    return (*source.columns.text, *source.columns.metadata) if isinstance(source, TableSource) else ()


def is_collection(path: Path) -> bool:
    """Whether a folder is a collection of tuwen."""
    return (path / "collection.json").is_file()


def opened(given: Given) -> Source | Collection:
    """The source, or the collection, that a path is.

    Raises:
        InputError: There is nothing, or it cannot be read as a source.
    """
    if is_collection(given.path):
        return Collection.open(given.path)
    options = dict(given.options)
    try:
        return data.open_source(given.path, **options, text_column=list(given.text_columns or ()) or None)
    except InputError:
        # perhaps a table without a usual name: its words are found by looking
        first = [] if given.text_columns else wordy(given.path, options)
        if not first:
            raise
        return data.open_source(given.path, **options, text_column=first)


def kinds_of(given: Given, source: Source | Collection) -> tuple[Modality, ...]:
    """What a source holds, pictures first."""
    if isinstance(source, Collection):
        kinds: tuple[Modality, ...] = ("image", "text")
        return tuple(kind for kind in kinds if source.count(kind))
    if isinstance(source, TableSource):
        parts = source.columns
        found: list[Modality] = ["image"] if parts.image else []
        return (*found, "text") if parts.text or wordy(given.path, given.options) else tuple(found)
    first = [record for record in islice(source.records(), _SAMPLE) if isinstance(record, Record)]
    has_images, has_texts = any(record.images for record in first), any(record.texts for record in first)
    named: list[Modality] = ["image"] if has_images else []
    return (*named, "text") if has_texts else tuple(named)


def read(given: Given, source: Source | Collection, kind: Modality) -> Side:
    """The items of one kind, without vectors.

    Ids that stand twice, rows without text and what the source itself refuses are listed in `refusals`;
    the first of two equal ids stays.
    """
    if isinstance(source, Collection):
        return _of_collection(source, kind)
    side = Side(name=str(given.path), kind=kind, ids=[], contents=[], vectors=np.empty((0, 0), np.float32))
    found = Features(kind, [], np.empty((0, 0), dtype=np.float32), refusals=side.refusals)
    watched = _Watched(source, kind, text_columns_of(given, source) if kind == "text" else ())
    seen: set[str] = set()
    metadata: list[dict[str, Any]] = []
    for name, item in items_of(watched, found):
        record = watched.record
        if name in seen:
            reason = f"{record.origin or name}: id {name!r} stands twice; the first is kept"
            side.refusals.append(_refusal(name, "duplicate-id", reason, record))
            continue
        seen.add(name)
        side.ids.append(name)
        side.contents.append(item)
        side.labels.append(record.label)
        side.entities.append(record.entity or record.origin or None)
        metadata.append(record.metadata)
    _settle(side, metadata)
    return side


def text_columns_of(given: Given, source: Source) -> tuple[str, ...]:
    """The columns whose words make the text of a record; empty where the source has no columns."""
    if not isinstance(source, TableSource):
        return ()
    known = columns_of(source)
    if given.text_columns:
        return tuple(given.text_columns)
    usual = [name for name in known if name.strip().lower() in TEXT]
    if usual:
        return tuple(usual)
    return tuple(wordy(given.path, given.options)) or source.columns.text


class _Watched(Source):
    """A source whose records are read as pictures or texts, and the record that was read last."""

    kind = "watched"

    def __init__(self, inner: Source, kind: Modality, columns: Sequence[str]) -> None:
        super().__init__(inner.path)
        self._inner, self._kind, self._columns = inner, kind, columns
        self._table = isinstance(inner, TableSource)
        self.record = Record()
        if isinstance(inner, TableSource):
            parts = inner.columns
            texts = tuple(columns) or parts.text
            # what is read as a text is compared by its column too
            metadata = tuple(dict.fromkeys((*parts.metadata, *parts.text, *texts)))
            inner.columns = replace(parts, text=texts, metadata=metadata)

    def describe(self) -> str:
        return self._inner.describe()

    def records(self) -> Iterator[Record | Refusal]:
        taken: set[str] = set()
        numbers: dict[str, int] = {}
        for record in self._inner.records():
            if isinstance(record, Refusal):
                yield record
                continue
            self.record = record
            if self._kind == "image":
                yield record
                continue
            texts = self._texts(record)
            if not texts and self._table:
                reason = f"{record.origin}: it has no text in {', '.join(self._columns) or 'any column'}"
                yield _refusal(record.origin, "empty-text", reason, record)
                continue
            named = []
            for text in texts:
                name = text.id or text_id(record, _first_id(record), taken, numbers)
                taken.add(name)
                named.append(replace(text, id=name))
            yield replace(record, texts=tuple(named))

    def _texts(self, record: Record) -> tuple[Text, ...]:
        if not self._columns:
            return record.texts
        parts = [value for name in self._columns if (value := present(record.metadata.get(name))) is not None]
        if not parts:
            return ()
        first = record.texts[0].id if record.texts else None
        # a row of several texts numbers them; here they are one
        own = first.removesuffix("-1") if first and len(record.texts) > 1 else first
        return (Text(text="\n".join(map(str, parts)), id=own),)


def _settle(side: Side, metadata: Sequence[Mapping[str, Any]]) -> None:
    """The columns of a side from the metadata of its items, empty ones and empty labels left out."""
    names = dict.fromkeys(name for values in metadata for name in values)
    for name in names:
        column = [present(values.get(name)) for values in metadata]
        if any(value is not None for value in column):
            side.columns[name] = column
    if not any(side.labels):
        side.labels = []


def _of_collection(source: Collection, kind: Modality) -> Side:
    from tuwen import tables
    from tuwen.arrays import unit_rows
    from tuwen.tables import TABLE_OF

    blocks = [
        tables.matrix(batch["vector"]) for batch in source.store.view.batches(TABLE_OF[kind], ["vector"])
    ]
    vectors = np.concatenate(blocks) if blocks else np.empty((0, source.width), dtype=np.float32)
    side = Side(name=str(source.path), kind=kind, ids=[], contents=[], vectors=unit_rows(vectors))
    metadata = []
    for item in source.items(kind):
        content: Content = item.text or "" if kind == "text" else Picture(path=item.path or "", id=item.id)
        side.ids.append(item.id)
        side.contents.append(content)
        side.labels.append(item.label)
        side.entities.append(item.entity)
        metadata.append(item.metadata)
    _settle(side, metadata)
    return side


def _first_id(record: Record) -> str | None:
    """What the texts of a picture are named after: its id, or its file."""
    for picture in record.images:
        if picture.id or picture.file is not None:
            return picture.id or Path(picture.path).stem
    return None


def _refusal(item: str, code: str, reason: str, record: Record) -> Refusal:
    return Refusal(item=item, code=code, reason=reason, source=record.source)
