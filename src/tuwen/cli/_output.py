"""Results on stdout: a table for people, JSON, JSON lines or CSV for programs; notes on stderr."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tuwen.collection import Collection

Row = Mapping[str, Any]

# C0, C1 and the marks that turn the writing direction: a caption must not steer a terminal
_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def chosen(style: str) -> str:
    """`auto` becomes `table` on a terminal and `jsonl` elsewhere."""
    if style != "auto":
        return style
    return "table" if sys.stdout.isatty() else "jsonl"


def emit(
    rows: Sequence[Row],
    style: str,
    *,
    columns: Sequence[str] = (),
    right: Sequence[str] = (),
    cut: str = "",
    empty: str = "Nothing.",
) -> None:
    """Print rows in a format.

    Args:
        rows: Named values; nested ones are printed as JSON in tables and CSV.
        style: `auto`, `table`, `json`, `jsonl` or `csv`.
        columns: What a table shows, in order; the other formats print everything.
        right: Columns of text that a table sets flush right, as it does with numbers.
        cut: A last column that a table cuts where the terminal ends; others go on in a further line.
        empty: What a table of no rows says, on stderr.
    """
    style = chosen(style)
    if style == "json":
        print(_json(list(rows), indent=2))
    elif style == "jsonl":
        for row in rows:
            print(_json(row))
    elif style == "csv":
        _csv(rows, columns)
    elif rows:
        _table(rows, columns or tuple(rows[0]), right, cut)
    else:
        note(empty)


def facts(values: Row, style: str) -> None:
    """Print one object: `name  value` lines for people, one JSON object or CSV row for programs."""
    style = chosen(style)
    if style in ("json", "jsonl"):
        print(_json(values, indent=2 if style == "json" else None))
    elif style == "csv":
        _csv([values], ())
    else:
        wide = max((len(name) for name in values), default=0)
        for name, value in values.items():
            text = (
                f"{value:g}"
                if isinstance(value, float)
                else ", ".join(value)
                if _words(value)
                else plain(value)
            )
            print(f"{name.replace('_', ' '):<{wide}}  {clean(text)}")


def figures(rows: Iterable[Row], style: str, columns: Sequence[str] = ()) -> None:
    """Print rows of figures as `emit` does, with four digits behind the point."""
    rounded = [
        {name: round(value, 4) if isinstance(value, float) else value for name, value in row.items()}
        for row in rows
    ]
    emit(rounded, style, columns=columns)


def note(text: str) -> None:
    """A line for people, on stderr."""
    click.echo(text, err=True)


def plain(value: Any) -> str:
    """A value as one string: text as it is, numbers short, the rest as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return _json(value)


def counted(number: int, noun: str) -> str:
    """A number with its noun: `1 image`, `2,000 images`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def near(path: str) -> str:
    """A path as seen from here when it lies inside, else as it is; for people."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if path and Path(path).is_relative_to(here) else path


def holds(collection: Collection) -> str:
    """What a collection holds: `16 images and 2 texts`."""
    return f"{counted(collection.count('image'), 'image')} and {counted(collection.count('text'), 'text')}"


def clean(text: str) -> str:
    """Text that cannot steer a terminal: one line, control characters shown as `\ufffd`."""
    return _STEERING.sub("\ufffd", text.replace("\r\n", " ").replace("\n", " ").replace("\t", " "))


def _words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _json(value: Any, indent: int | None = None) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, ensure_ascii=True, indent=indent, default=str)
    return text


def _csv(rows: Sequence[Row], columns: Sequence[str]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row)) or list(columns)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in names])


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return plain(value)
    return value if value is None or isinstance(value, str | int | float) else _json(value)


def _table(rows: Sequence[Row], columns: Sequence[str], right: Sequence[str] = (), cut: str = "") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    used = [name for name in columns if any(row.get(name) not in (None, "", {}, []) for row in rows)]
    console = Console(file=sys.stdout, highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in used:
        number = name in right or all(
            isinstance(row.get(name), int | float) or row.get(name) is None for row in rows
        )
        table.add_column(name.replace("_", " "), justify="right" if number else "left", overflow="fold")
    lines = [{name: Text(clean(plain(row.get(name)))) for name in used} for row in rows]
    if cut in used:
        others = [name for name in used if name != cut]
        taken = sum(max(len(name), *(line[name].cell_len for line in lines)) + 2 for name in others)
        for line in lines:
            line[cut].truncate(max(console.width - taken, 10), overflow="ellipsis")
    for line in lines:
        table.add_row(*line.values())
    console.print(table)
