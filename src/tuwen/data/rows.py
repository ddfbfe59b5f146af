"""Rows of CSV, TSV, JSONL, JSON and Parquet files as dictionaries; a bad row is a fault, never the end."""

from __future__ import annotations

import codecs
import csv
import itertools
import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from tuwen.data.lines import Fault, count_lines, encoding_of, fault_of, is_text, read_lines
from tuwen.errors import InputError

Row = tuple[int, dict[str, Any] | Fault]

DELIMITERS = (",", "\t", ";", "|")
# a quote that is not closed within so many lines is taken for a slip of the pen in its own line
_MAX_QUOTED_LINES = 200
_SAMPLE = 100


class Rows:
    """Reads one table file. `columns` are its names, `read` gives number and values of each row.

    Numbers are lines of the file from 1, or rows from 1 for Parquet.
    """

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        self.path = path
        suffix = path.suffix.lower()
        self.form = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".parquet": "parquet"}.get(
            suffix, "csv"
        )
        self._encoding = encoding
        if encoding is not None:
            try:
                codecs.lookup(encoding)
            except LookupError as error:
                raise InputError(f"encoding {encoding!r} is not known; try utf-8 or gb18030") from error

    @cached_property
    def encoding(self) -> str:
        """The encoding given, or found."""
        return self._encoding or encoding_of(self.path)

    @cached_property
    def delimiter(self) -> str:
        """What parts the cells of a CSV or TSV file: what the header has most of."""
        header = self._header
        if self.path.suffix.lower() in (".tsv", ".tab") and "\t" in header:
            return "\t"
        return max(DELIMITERS, key=lambda mark: (header.count(mark), -DELIMITERS.index(mark)))

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Column names; of JSON lines, all names in the first hundred.

        Raises:
            InputError: There is no header, or a name stands twice in it.
        """
        if self.form == "parquet":
            return tuple(self._parquet().schema_arrow.names)
        if self.form == "csv":
            return self._csv_columns()
        names: dict[str, None] = {}
        for _, values in itertools.islice(self.read(), _SAMPLE):
            if isinstance(values, dict):
                names |= dict.fromkeys(values)
        if not names:
            raise InputError(f'{self.path} has no JSON objects; each line must be one, like {{"text": ...}}')
        return tuple(names)

    @property
    def count_hint(self) -> int | None:
        """About how many rows there are; None for JSON, which must be read whole."""
        if self.form == "parquet":
            return int(self._parquet().metadata.num_rows)
        if self.form == "json":
            return None
        return max(count_lines(self.path) - (self.form == "csv"), 1)

    def read(self) -> Iterator[Row]:
        """Each row's number with its values by column, or with what is wrong with it."""
        if self.form == "parquet":
            yield from self._read_parquet()
        elif self.form == "json":
            yield from self._read_json()
        elif self.form == "jsonl":
            yield from self._read_jsonl()
        else:
            yield from self._read_csv()

    def _read_jsonl(self) -> Iterator[Row]:
        for number, line in read_lines(self.path, self.encoding):
            if line.strip():
                yield number, fault_of(line) or _json_object(line)

    def _read_json(self) -> Iterator[Row]:
        try:
            loaded = json.loads(self.path.read_text(encoding=self.encoding))
        except (UnicodeDecodeError, ValueError, RecursionError) as error:
            raise InputError(f"{self.path} is not readable JSON ({error})") from error
        if not isinstance(loaded, list):
            raise InputError(
                f"{self.path} holds one JSON {type(loaded).__name__}; a list of objects is needed"
            )
        for number, values in enumerate(loaded, 1):
            yield number, _checked(values)

    def _parquet(self) -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return pq.ParquetFile(self.path)
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{self.path} is not a readable Parquet file ({error})") from error

    def _read_parquet(self) -> Iterator[Row]:
        import pyarrow as pa

        number = 0
        batches = self._parquet().iter_batches(batch_size=256)
        while True:
            try:
                batch = next(batches, None)
            except (pa.ArrowException, OSError) as error:
                raise InputError(f"{self.path} is damaged after row {number} ({error})") from error
            if batch is None:
                return
            for values in batch.to_pylist():
                number += 1
                yield number, values

    @cached_property
    def _header(self) -> str:
        for _, line in read_lines(self.path, self.encoding):
            if line.strip():
                fault = fault_of(line)
                if fault is not None:
                    raise InputError(f"{self.path} has no readable first line: {fault.reason}")
                return line
        raise InputError(f"{self.path} is empty; a first line with column names is needed")

    def _csv_columns(self) -> tuple[str, ...]:
        cells = [cell.strip() for cell in self._cells([self._header], strict=False)]
        names = [name for name in cells if name]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise InputError(f"{self.path} has two columns named {min(twice)!r}; rename one")
        return tuple(cells)

    def _cells(self, lines: list[str], strict: bool) -> list[str]:
        return next(csv.reader(lines, delimiter=self.delimiter, strict=strict), [])

    def _read_csv(self) -> Iterator[Row]:
        names = self.columns
        lines = _Rewindable(read_lines(self.path, self.encoding))
        written = ((number, line) for number, line in lines if line.strip())
        next(written)  # the header
        for number, line in written:
            cells = fault_of(line) or self._row(line, lines, len(names))
            if isinstance(cells, Fault):
                yield number, cells
            elif any(cells):
                yield number, self._named(names, cells)

    def _row(self, line: str, lines: _Rewindable, width: int) -> list[str] | Fault:
        """The cells that begin in `line`, taking more lines while a quote is open."""
        try:
            try:
                return self._cells([line], strict=True)
            except csv.Error as error:
                if "unexpected end" not in str(error):
                    return self._cells([line], strict=False)  # "a "quoted" word" is read as people mean it
            return self._quoted(line, lines, width)
        except csv.Error as error:
            return Fault("bad-row", f"it cannot be read as a row ({error})")

    def _quoted(self, line: str, lines: _Rewindable, width: int) -> list[str] | Fault:
        taken = list(itertools.islice(lines, _MAX_QUOTED_LINES))
        reader = csv.reader(
            (text + "\n" for text in itertools.chain([line], (text for _, text in taken))),
            delimiter=self.delimiter,
            strict=True,
        )
        try:
            cells = next(reader)
            if len(cells) == width:
                lines.back(taken[reader.line_num - 1 :])
                return cells
        except csv.Error:
            pass  # the quote never closes as it should: the lines after this one are rows of their own
        lines.back(taken)
        literal = line.split(self.delimiter)
        if self.delimiter == "\t" and len(literal) == width:
            return literal  # most TSV files do not quote at all
        return Fault(
            "unclosed-quote", 'a cell begins with " but the quote is not closed; write "" for a quote'
        )

    def _named(self, names: tuple[str, ...], cells: list[str]) -> dict[str, Any] | Fault:
        while len(cells) > len(names) and not cells[-1].strip():
            cells.pop()
        if len(cells) != len(names):
            reason = f"it has {len(cells)} cells, the header has {len(names)}"
            return Fault("ragged-row", f"{reason}; put quotes around cells with {self.delimiter!r}")
        return {name: cell for name, cell in zip(names, cells, strict=True) if name}


class _Rewindable:
    """Numbered lines, of which some may be given back."""

    def __init__(self, lines: Iterator[tuple[int, str]]) -> None:
        self._lines = lines
        self._returned: list[tuple[int, str]] = []

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return self

    def __next__(self) -> tuple[int, str]:
        return self._returned.pop() if self._returned else next(self._lines)

    def back(self, lines: list[tuple[int, str]]) -> None:
        self._returned += reversed(lines)


def _json_object(line: str) -> dict[str, Any] | Fault:
    try:
        return _checked(json.loads(line))
    except ValueError as error:
        return Fault("bad-json", f"it is not JSON ({error})")
    except RecursionError:
        return Fault("bad-json", "it is nested too deeply")


def _checked(values: object) -> dict[str, Any] | Fault:
    if not isinstance(values, dict):
        return Fault("bad-json", f"it holds a {type(values).__name__}, not an object with named values")
    if not is_text(json.dumps(values, ensure_ascii=False)):
        return Fault("bad-encoding", "it holds half a character (a lone surrogate)")
    return values
