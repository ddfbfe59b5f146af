"""Tables as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from tuwen.report.grouping import Table
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


def markdown(tables: Sequence[Table]) -> str:
    """All tables, each with its data, protocol and legend."""
    return "\n".join(line for table in tables for line in _page(table))


def _page(table: Table) -> list[str]:
    lines = [f"## {escaped(title(table))}", "", f"{escaped(scene(table))}."]
    for line in protocols(table):
        lines += ["", f"*{escaped(line)}*"]
    lines += ["", *_main(table)]
    if len(table.cell.metrics) > 1:
        lines += ["", *_others(table)]
    lines += ["", escaped(legend(table))] if table.good else []
    lines += ["", *("- " + escaped(f"{who}: {note}" if who else note) for who, note in notes(table))]
    return [*lines, ""] if lines[-1] else lines


def _main(table: Table) -> list[str]:
    last = any(map(settings, table.rows))  # a column of settings
    heads = ["", said("method"), said("bits" if table.hashing else "width"), said("seeds")]
    heads += [f"{said(column)} {metric_name(table.metric)}" for column in COLUMNS]
    heads += [said("fit"), said("code"), said("peak"), *([said("settings")] if last else [])]
    rule = ["---"] * 2 + ["--:"] * 2 + ["---"] * 3 + ["--:"] * 3 + ["---"] * last
    lines = [_line(heads), _line(rule)]
    for index, row in enumerate(table.rows):
        cells = [row.letter, escaped(row.method), str(row.width or "")]
        if row.error:
            cells += ["", f"**{said('failed')}**: {escaped(row.error)}", *[""] * 5]
        else:
            cells.append(str(row.seeds))
            for column in COLUMNS:
                key = f"{column}/{table.metric}"
                cells.append(_figure(table, index, column) if key in row.scores else "")
            cells += [seconds(row.fit_seconds), seconds(row.code_seconds), f"{row.peak_mb:,.0f}"]
        lines.append(_line([*cells, *([escaped(settings(row))] if last else [])]))
    if table.chance:
        levels = [table.chance.get(f"{column}/{table.metric}") for column in COLUMNS]
        shown = ["" if level is None else number(level, table.metric) for level in levels]
        lines.append(_line(["", said("chance"), "", "", *shown, *[""] * (3 + last)]))
    return lines


def _figure(table: Table, index: int, column: str) -> str:
    key = f"{column}/{table.metric}"
    score = table.rows[index].scores[key]
    text = number(score.value, key)
    text = f"**{text}**" if table.best(index, key) else text
    letters = beaten(table, index, column)
    raised = f"<sup>{letters}</sup>" if letters else ""
    return f"{text} {spread(score, key)}".strip() + raised


def _others(table: Table) -> list[str]:
    keys = [f"{column}/{metric}" for column in COLUMNS[:2] for metric in table.cell.metrics[1:]]
    heads = [
        f"{said(column)} {metric_name(metric)}" for column, _, metric in (key.partition("/") for key in keys)
    ]
    lines = [_line(["", said("method"), *heads]), _line(["---", "---", *["--:"] * len(keys)])]
    for index, row in enumerate(table.good):
        cells = []
        for key in keys:
            text = number(row.scores[key].value, key) if key in row.scores else ""
            cells.append(f"**{text}**" if table.best(index, key) else text)
        lines.append(_line([row.letter, escaped(row.method), *cells]))
    if any(key in table.chance for key in keys):
        levels = [number(table.chance[key], key) if key in table.chance else "" for key in keys]
        lines.append(_line(["", said("chance"), *levels]))
    return lines


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def escaped(text: str) -> str:
    """Text that is neither markup nor the end of a cell."""
    for sign in "\\`*_[]<>|":
        text = text.replace(sign, "\\" + sign)
    return " ".join(text.split())
