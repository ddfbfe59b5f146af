"""Plain text files: each line is a text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tuwen.data.base import Source
from tuwen.data.lines import count_lines, encoding_of, fault_of, read_lines
from tuwen.records import Record, Refusal, Text


class TextLinesSource(Source):
    """A .txt file with a text on each line.

    Args:
        path: The file.
    """

    kind = "text-lines"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._encoding = encoding_of(self.path)

    @property
    def count_hint(self) -> int | None:
        """About how many lines there are."""
        return max(count_lines(self.path), 1)

    def describe(self) -> str:
        """The file and its encoding."""
        return f"{self.path}: a text a line, in {self._encoding}"

    def records(self) -> Iterator[Record | Refusal]:
        """One record a line that is not blank."""
        for number, line in read_lines(self.path, self._encoding):
            fault = fault_of(line)
            place = f"{self.path.name}:{number}"
            if fault is not None:
                reason = f"{self.path.name}, line {number}: {fault.reason}"
                yield self.refusal(f"{self.path}:{number}", fault.code, reason)
            elif line.strip():
                yield Record(texts=(Text(text=line.strip()),), origin=place, source=str(self.path))
