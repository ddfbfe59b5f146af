"""The whole report: text in five styles, and a folder with tables, drawings and a page."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from tuwen.bench.runs import Run
from tuwen.bench.tuning import read_choices
from tuwen.errors import unknown
from tuwen.files import replacing
from tuwen.report import plots
from tuwen.report.flat import as_csv, as_json, as_jsonl
from tuwen.report.grouping import Table, tables
from tuwen.report.markdown import escaped, markdown
from tuwen.report.page import about, page
from tuwen.report.pictures import drawn
from tuwen.report.terminal import terminal
from tuwen.report.tried import as_html, as_markdown

Style = Literal["table", "markdown", "csv", "json", "jsonl"]
STYLES: tuple[Style, ...] = ("table", "markdown", "csv", "json", "jsonl")

NO_PLOTS = "Curves and bars are left out: they need matplotlib (pip install 'tuwen[bench]')."


def text(
    runs: Iterable[Run], style: Style = "table", *, colour: bool | None = None, width: int | None = None
) -> str:
    """Runs as tables, a table for each kind of figures.

    Args:
        runs: In any order, from any number of commands.
        style: `table` for a terminal, `markdown`; `json` has tables with rows and pairs; `csv` and `jsonl`
            have a row a run and direction, every setting and full precision.
        colour: Of `table`, escape sequences for bold; None asks whether stdout is a terminal.
        width: Of `table`, columns; None asks the terminal, and takes 120 where there is none.

    Raises:
        InputError: There is no run, or the style is unknown.
    """
    found = tables(runs)
    if style == "table":
        there = sys.stdout.isatty()
        wide = shutil.get_terminal_size((120, 24)).columns if there else 120
        return terminal(found, colour=there if colour is None else colour, width=width or wide)
    if style == "markdown":
        return markdown(found)
    makers = {"csv": as_csv, "json": as_json, "jsonl": as_jsonl}
    if style not in makers:
        raise unknown("style", style, STYLES)
    return makers[style](found)


def write(runs: Iterable[Run], folder: Path, *, command: str = "") -> Path:
    """Write `report.md`, `results.csv`, `results.json`, `report.html`, and drawings as SVG and PNG.

    Drawings are `curves` (precision against recall), `bars`, of several numbers of bits `bits`, and of
    networks `training` (loss and validation by epoch); with more than one table they are numbered
    (`curves-2.svg`). Without matplotlib there are none, and the report says how to get them.

    Args:
        runs: In any order, from any number of commands.
        folder: Where; made when absent. Files of these names are replaced. Where it holds choices of `tune`
            for these runs, the report shows all that was tried.
        command: That makes the report again, for its last lines.

    Returns:
        The path of `report.html`.

    Raises:
        InputError: There is no run.
    """
    runs = list(runs)
    found = tables(runs)
    keys = {run.cell.key for run in runs}
    choices = [choice for choice in read_choices(folder) if keys.intersection(choice.keys)]
    folder.mkdir(parents=True, exist_ok=True)
    drawings = [drawn(table) for table in found] if plots.available() else [{} for _ in found]
    names = [
        {kind: kind if len(found) == 1 else f"{kind}-{index}" for kind in some}
        for index, some in enumerate(drawings, 1)
    ]
    for some, named in zip(drawings, names, strict=True):
        for kind, drawing in some.items():
            drawing.write(folder, named[kind])
    missing = "" if plots.available() else NO_PLOTS
    _put(folder / "results.csv", as_csv(found))
    _put(folder / "results.json", as_json(found))
    told = about(found, command)
    _put(folder / "report.md", _document(found, names, as_markdown(choices), told, missing))
    inline = [{kind: drawing.inline for kind, drawing in some.items()} for some in drawings]
    _put(folder / "report.html", page(found, inline, about=told, more=as_html(choices), missing=missing))
    return folder / "report.html"


def _document(
    found: Sequence[Table],
    names: Sequence[dict[str, str]],
    more: str,
    told: Sequence[tuple[str, str]],
    missing: str,
) -> str:
    """The tables with their drawings, and how they came about."""
    parts = ["# Benchmark report", ""]
    for table, named in zip(found, names, strict=True):
        parts.append(markdown([table]))
        parts += [f"![{kind}]({name}.svg)\n" for kind, name in named.items()]
    parts += [more] if more else []
    parts += [f"- {name.replace('_', ' ')}: {_value(name, value)}" for name, value in told]
    return "\n".join([*parts, *([f"- {missing}"] if missing else [])]) + "\n"


def _value(name: str, value: str) -> str:
    return f"`{value}`" if name == "command" and "`" not in value else escaped(value)


def _put(path: Path, content: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(content, encoding="utf-8", newline="")
