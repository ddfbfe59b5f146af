"""Sources named on the command line: stdin as a file, refusals told to people."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tuwen.cli import _output

if TYPE_CHECKING:
    from tuwen.records import Refusal

_SHOWN = 3


@contextmanager
def spooled(path: Path) -> Iterator[Path]:
    """`-` as a temporary file that holds what came from stdin; any other path as it is.

    JSON lines begin with a brace, a table has a comma or a tab in its first line, and everything else
    is one query a line.
    """
    if str(path) != "-":
        yield path
        return
    data = sys.stdin.buffer.read()
    first = data.lstrip().split(b"\n", 1)[0]
    suffix = ".jsonl" if first.startswith(b"{") else ".csv" if b"," in first or b"\t" in first else ".txt"
    with tempfile.TemporaryDirectory(prefix="tuwen-") as folder:
        file = Path(folder) / f"stdin{suffix}"
        file.write_bytes(data)
        yield file


def tell_refusals(refusals: Sequence[Refusal]) -> None:
    """Say on stderr how many inputs were left out, and the first of them."""
    _tell(refusals, "input", "left out")


def tell_unscored(refusals: Sequence[Refusal]) -> None:
    """Say on stderr how many hits the second stage could not read, and the first of them."""
    _tell(refusals, "hit", "not scored again")


def _tell(refusals: Sequence[Refusal], noun: str, fate: str) -> None:
    if not refusals:
        return
    _output.note(f"{_output.counted(len(refusals), noun)} {fate}:")
    for refusal in refusals[:_SHOWN]:
        _output.note(_output.clean(f"  {refusal.reason}"))
    if len(refusals) > _SHOWN:
        _output.note(f"  and {len(refusals) - _SHOWN:,} more")
