"""Tables: CSV, TSV, JSONL, JSON lists and Parquet with named columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from tuwen.data.base import Locator, Source, inline_picture, picture_named
from tuwen.data.columns import Columns, assign, metadata_of, name_of, values_of
from tuwen.data.lines import Fault
from tuwen.data.rows import Rows
from tuwen.errors import PictureError
from tuwen.records import Picture, Record, Refusal, Text


class TableSource(Source):
    """A table whose rows name pictures, hold texts, or both; every other column is metadata.

    A row with several pictures or texts (a list in JSONL or Parquet, or several columns) is one
    record. Rows that name the same picture again are records of the same picture.

    Args:
        path: A .csv, .tsv, .jsonl, .json or .parquet file.
        image_column: Column or columns of picture paths, `data:` addresses, or bytes.
        text_column: Column or columns of texts.
        id_column: Column of ids.
        label_column: Column of class names.
        root: Where relative picture paths are looked for beside the table's own folder.
        encoding: Of a text file; found from its bytes when None.
    """

    kind = "table"

    def __init__(
        self,
        path: Path,
        *,
        image_column: str | Sequence[str] | None = None,
        text_column: str | Sequence[str] | None = None,
        id_column: str | None = None,
        label_column: str | None = None,
        root: Path | None = None,
        encoding: str | None = None,
    ) -> None:
        super().__init__(path)
        self._rows = Rows(self.path, encoding)
        self._root = root
        self._whole, self._name = str(self.path), self.path.name
        self.columns: Columns = assign(
            self._rows.columns, image=image_column, text=text_column, id=id_column, label=label_column
        )

    @cached_property
    def _typed(self) -> bool:
        return self._rows.form != "csv"

    @property
    def count_hint(self) -> int | None:
        """About how many rows there are."""
        return self._rows.count_hint

    def describe(self) -> str:
        """The file, its form, and the part of each column."""
        separated = "TSV" if self._rows.form == "csv" and self._rows.delimiter == "\t" else "CSV"
        form = {"csv": separated, "jsonl": "JSON lines", "json": "JSON", "parquet": "Parquet"}[
            self._rows.form
        ]
        encoding = f" in {self._rows.encoding}" if self._rows.form != "parquet" else ""
        return f"{self.path}: {form}{encoding}, {self.columns.describe()}"

    def records(self) -> Iterator[Record | Refusal]:
        """One record a row, a refusal for each row or cell that cannot be used."""
        locator = Locator(self.path.parent, self._root)
        for number, values in self._rows.read():
            place = f"{self._whole}:{number}"
            if isinstance(values, Fault):
                yield self._refuse(number, values)
            else:
                yield from self._record(values, number, place, locator)

    def _record(
        self, values: dict[str, Any], number: int, place: str, locator: Locator
    ) -> Iterator[Record | Refusal]:
        parts = self.columns
        common = name_of(values.get(parts.id)) if parts.id else None
        cells = [cell for column in parts.image for cell in values_of(values.get(column))]
        image_ids = _ids(name_of(values.get(parts.image_id)) if parts.image_id else common, len(cells))
        images = []
        for i, (cell, identifier) in enumerate(zip(cells, image_ids, strict=True), 1):
            try:
                spot = place if len(cells) == 1 else f"{place}#{i}"
                images.append(_picture(cell, identifier, spot, locator))
            except PictureError as error:
                yield self._refuse(number, Fault(error.code, str(error)))
        written = [cell for column in parts.text for cell in values_of(values.get(column))]
        strings = [cell.strip() for cell in written if isinstance(cell, str)]
        strings += [str(cell) for cell in written if isinstance(cell, int | float)]
        if len(strings) < len(written):
            yield self._refuse(number, Fault("bad-text", "its text is not a string or a list of strings"))
        if not images and not strings:
            if not cells and not written:
                yield self._refuse(number, Fault("empty-row", "it has neither a picture nor a text"))
            return
        own = name_of(values.get(parts.text_id)) if parts.text_id else None
        # beside a picture the id is that of the thing, which may have more texts in other rows
        text_ids = _ids(own or (None if parts.image else common), len(strings))
        label = name_of(values.get(parts.label)) if parts.label else None
        yield Record(
            entity=(name_of(values.get(parts.entity)) if parts.entity else None) or common,
            images=tuple(images),
            texts=tuple(
                Text(text=text, id=identifier) for text, identifier in zip(strings, text_ids, strict=True)
            ),
            label=label,
            metadata=metadata_of(values, parts.metadata, self._typed),
            origin=f"{self._name}:{number}",
            source=self._whole,
        )

    def _refuse(self, number: int, fault: Fault) -> Refusal:
        place = f"{self.path}:{number}"
        what = "row" if self._rows.form == "parquet" else "line"
        return self.refusal(place, fault.code, f"{self.path.name}, {what} {number}: {fault.reason}")


def _ids(base: str | None, count: int) -> list[str | None]:
    """The ids of a row's items: the row's own, numbered when there are several."""
    if base is None or count == 1:
        return [base] * count
    return [f"{base}-{i}" for i in range(1, count + 1)]


def _picture(cell: object, identifier: str | None, place: str, locator: Locator) -> Picture:
    """A picture from a cell: a path, bytes, or a record of both as Hugging Face data sets have it."""
    if isinstance(cell, dict):
        data, name = cell.get("bytes"), cell.get("path")
        if isinstance(data, str):
            data = inline_picture(data)
        if isinstance(data, bytes):
            named = identifier or (Path(name).stem if isinstance(name, str) and name else None)
            return Picture(path=place, data=data, id=named)
        cell = name
    if isinstance(cell, bytes):
        return Picture(path=place, data=cell, id=identifier)
    if not isinstance(cell, str):
        raise PictureError("bad-path", f"a {type(cell).__name__} is not a path of a picture")
    return picture_named(cell.strip(), locator, identifier, place)
