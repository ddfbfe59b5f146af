"""Tables in a terminal."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

from tuwen.report.grouping import Row, Table
from tuwen.report.scores import COLUMNS
from tuwen.report.words import (
    beaten,
    legend,
    metric_name,
    notes,
    number,
    protocols,
    said,
    scene,
    seconds,
    settings,
    spread,
    title,
)

_RAISED = str.maketrans("abcdefghijklmnoprstuvwxyz–", "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ⁻")
# a setting or a file's name must not steer the terminal
_STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_ROOM = 110  # columns that a table with settings needs


def terminal(tables: Sequence[Table], *, colour: bool, width: int) -> str:
    """All tables, with what was measured above and how marks are read below each.

    Args:
        tables: Whose figures.
        colour: Bold for the best by escape sequences; otherwise a star follows them.
        width: Columns of the terminal.
    """
    from rich.console import Console
    from rich.text import Text

    stream = io.StringIO()
    console = Console(
        file=stream, force_terminal=colour, width=width, highlight=False, soft_wrap=False, markup=False
    )
    for index, table in enumerate(tables):
        if index:
            console.print()
        console.print(Text(_clean(title(table)), style="bold"))
        for line in (scene(table), *protocols(table)):
            console.print(_clean(line))
        console.print()
        inside = width >= _ROOM
        console.print(_drawn(table, inside, colour))
        if len(table.cell.metrics) > 1:
            console.print()
            console.print(_others(table, colour))
        console.print()
        if table.good:
            console.print(legend(table) if colour else legend(table).replace("is bold", "has a star"))
        if not inside:
            for row in table.rows:
                if settings(row):
                    console.print(f"{row.letter} {_clean(row.method)}: {_clean(settings(row))}")
        for who, note in notes(table, reasons=True):
            console.print(_clean(f"{who}: {note}" if who else note))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def _drawn(table: Table, inside: bool, colour: bool):  # type: ignore[no-untyped-def]
    from rich.table import Table as Drawn

    drawn = Drawn(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    drawn.add_column("")
    drawn.add_column(said("method"), overflow="fold")
    widths = any(row.width for row in table.rows)
    if widths:
        drawn.add_column(said("bits" if table.hashing else "width"), justify="right")
    drawn.add_column("n", justify="right")
    for column in COLUMNS:
        drawn.add_column(said(column), overflow="fold")
    for word in ("fit", "code", "peak"):
        drawn.add_column(said(word), justify="right")
    inside = inside and any(settings(row) for row in table.rows)
    if inside:
        drawn.add_column(said("settings"), overflow="fold")
    breaks = {section[-1] for section in table.sections()[:-1]} if table.hashing else set()
    for index, row in enumerate(table.rows):
        cells = [row.letter, _clean(row.method), *([str(row.width or "")] if widths else [])]
        cells += [str(row.seeds) if not row.error else ""]
        last = [_clean(settings(row))] if inside else []
        drawn.add_row(
            *cells, *_figures(table, index, colour), *_costs(row), *last, end_section=index in breaks
        )
    if table.chance:
        levels = [table.chance.get(f"{column}/{table.metric}") for column in COLUMNS[:2]]
        drawn.add_row(
            *["", said("chance"), *([""] if widths else []), ""],
            *["" if level is None else number(level, table.metric) for level in levels],
        )
    return drawn


def _figures(table: Table, index: int, colour: bool):  # type: ignore[no-untyped-def]
    from rich.text import Text

    row = table.rows[index]
    if row.error:
        return [said("failed"), "", ""]
    cells = []
    for column in COLUMNS:
        key = f"{column}/{table.metric}"
        cell = Text()
        if key in row.scores:
            best = table.best(index, key)
            cell.append(number(row.scores[key].value, key), style="bold" if best else "")
            cell.append("*" if best and not colour else " ")
            cell.append(spread(row.scores[key], key), style="dim")
            cell.append(beaten(table, index, column).translate(_RAISED))
        cells.append(cell)
    return cells


def _costs(row: Row) -> list[str]:
    if row.error:
        return ["", "", ""]
    return [seconds(row.fit_seconds), seconds(row.code_seconds), f"{row.peak_mb:,.0f}"]


def _others(table: Table, colour: bool):  # type: ignore[no-untyped-def]
    """Figures but the first, without their spread."""
    from rich.table import Table as Drawn
    from rich.text import Text

    drawn = Drawn(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    drawn.add_column("")
    drawn.add_column(said("method"), overflow="fold")
    keys = [f"{column}/{metric}" for column in COLUMNS[:2] for metric in table.cell.metrics[1:]]
    for key in keys:
        direction, _, metric = key.partition("/")
        drawn.add_column(f"{said(direction)}\n{metric_name(metric)}", justify="right")
    for index, row in enumerate(table.rows):
        if not row.error:
            cells = []
            for key in keys:
                best = table.best(index, key)
                text = number(row.scores[key].value, key) if key in row.scores else ""
                cells.append(Text(text + ("*" if best and not colour else ""), style="bold" if best else ""))
            drawn.add_row(row.letter, _clean(row.method), *cells)
    if any(key in table.chance for key in keys):
        levels = [number(table.chance[key], key) if key in table.chance else "" for key in keys]
        drawn.add_row("", said("chance"), *levels)
    return drawn


def _clean(text: str) -> str:
    return _STEERING.sub("\ufffd", text.replace("\n", " ").replace("\t", " "))
