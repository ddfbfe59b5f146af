"""The page: one file of HTML, English and Chinese, light and dark, nothing loaded from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from tuwen.markup import TABLES, escape, framed, in_both
from tuwen.report.grouping import Row, Table
from tuwen.report.matrix import ROOM, matrices
from tuwen.report.scores import COLUMNS, smaller_wins
from tuwen.report.words import (
    WORDS,
    beaten,
    legend,
    marked,
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

_SCRIPT = Path(__file__).with_name("page.js").read_text(encoding="utf-8")
_DRAWN = ("i2t", "t2i", "chance", "bits", "recall", "precision", "epoch", "loss", "held_out", "kept")
_ABOUT = (
    *("date", "tuwen", "processor", "cores", "threads", "memory_gb", "system", "python", "numpy", "scipy"),
    "scikit-learn",
)


def page(
    found: Sequence[Table],
    drawings: Sequence[Mapping[str, str]],
    *,
    about: Sequence[tuple[str, str]] = (),
    more: str = "",
    missing: str = "",
) -> str:
    """The page.

    Args:
        found: Tables in the order of the page.
        drawings: Of each table, SVG by kind, as `plots.Drawing.inline`.
        about: Names and values for the foot of the page.
        more: HTML of a further section.
        missing: What is left out, and why.
    """
    body = "\n".join(
        _section(table, some, index)
        for index, (table, some) in enumerate(zip(found, drawings, strict=True), 1)
    )
    return framed(
        f"{body}\n{more}",
        title=f"tuwen bench: {title(found[0])}",
        heading=marked("heading"),
        footer=_footer(about, missing),
        style=TABLES,
        script=_SCRIPT,
        drawings=True,
    )


def about(found: Sequence[Table], command: str = "") -> list[tuple[str, str]]:
    """When, where and from which files runs were made; values that differ stand side by side."""
    runs = [run for table in found for run in table.runs]
    told = []
    for name in _ABOUT:
        values = dict.fromkeys(str(run.about[name]) for run in runs if name in run.about)
        if values:
            told.append((name, ", ".join(values)))
    files = dict.fromkeys(
        f"{name} (sha256 {digest[:12]})" for run in runs for name, digest in run.files.items()
    )
    told += [("files", ", ".join(files))] if files else []
    return [*told, ("command", command)] if command else told


def _section(table: Table, drawings: Mapping[str, str], index: int) -> str:
    lines = "".join(f'<p class="protocol">{escape(line)}</p>\n' for line in protocols(table))
    told = "".join(f"<li>{escape(f'{who}: {note}' if who else note)}</li>" for who, note in notes(table))
    pictures = "".join(
        f'<figure class="card" aria-label="{kind}">{_translated(_own_ids(svg, f"{kind}{index}-"))}</figure>\n'
        for kind, svg in drawings.items()
    )
    legends = ""
    if table.good:
        legends = f'<p class="legend">{in_both(legend(table), legend(table, "zh"))}</p>\n'
    others = _others(table) if len(table.cell.metrics) > 1 else ""
    tests = ""
    if table.pairs:
        small = max(map(len, table.sections())) <= ROOM
        head = f"<details{' open' if small else ''}><summary>{marked('tests')}</summary>"
        tests = f"{head}\n{matrices(table)}</details>\n"
    return f"""<section>
<h2>{in_both(title(table), title(table, "zh"))}</h2>
<p>{in_both(scene(table), scene(table, "zh"))}</p>
{lines}<div class="card">{_main(table)}</div>
{legends}{f'<ul class="notes">{told}</ul>' if told else ""}
{others}{pictures}{tests}</section>"""


def _main(table: Table) -> str:
    good = [_row(table, number) for number, row in enumerate(table.rows) if not row.error]
    failed = "".join(_failed(table, row) for row in table.rows if row.error)
    first = "ascending" if smaller_wins(table.metric) else "descending"
    width = "bits" if table.hashing else "width"
    heads = [f"<th>{marked('method')}</th>"]
    heads += [f'<th class="number">{marked(word)}</th>' for word in (width, "seeds")]
    heads += [
        f'<th data-first="{first}">{marked(column)} {escape(metric_name(table.metric))}</th>'
        for column in COLUMNS
    ]
    heads += [f'<th class="number">{marked(word)}</th>' for word in ("fit", "code", "peak")]
    heads += [f"<th>{marked('settings')}</th>"] if any(map(settings, table.rows)) else []
    chance = ""
    if table.chance:
        levels = [table.chance.get(f"{column}/{table.metric}") for column in COLUMNS]
        shown = ["" if level is None else number(level, table.metric) for level in levels]
        cells = "<td></td><td></td>" + "".join(f"<td>{level}</td>" for level in shown)
        rest = len(heads) - 3 - len(COLUMNS)
        chance = f'<tr><th scope="row">{marked("chance")}</th>{cells}<td colspan="{rest}"></td></tr>'
    return (
        f'<table class="sortable main"><thead><tr>{"".join(heads)}</tr></thead>\n'
        f"<tbody>{''.join(good)}</tbody>\n"
        + (f"<tbody>{failed}</tbody>\n" if failed else "")
        + (f"<tfoot>{chance}</tfoot>" if chance else "")
        + "</table>"
    )


def _row(table: Table, index: int) -> str:
    row = table.rows[index]
    starts = table.hashing and index in {section[0] for section in table.sections()[1:]}
    cells = [_name(row), _number(row.width or "", row.width or ""), _number(row.seeds, row.seeds)]
    cells += [_figure(table, index, column) for column in COLUMNS]
    cells += [_number(seconds(value), value) for value in (row.fit_seconds, row.code_seconds)]
    cells += [_number(f"{row.peak_mb:,.0f}", row.peak_mb)]
    cells += [_settings(table, row)]
    kind = ' class="start"' if starts else ""
    return f"<tr{kind}>{''.join(cells)}</tr>\n"


def _failed(table: Table, row: Row) -> str:
    reason = f'<td colspan="7" class="failure">{marked("failed")}: {escape(row.error)}</td>'
    width = _number(row.width or "", row.width or "")
    return f"<tr>{_name(row)}{width}{reason}{_settings(table, row)}</tr>\n"


def _settings(table: Table, row: Row) -> str:
    """The last cell; none where no row has settings to tell of."""
    if not any(map(settings, table.rows)):
        return ""
    return f'<td class="settings">{in_both(settings(row), settings(row, "zh"))}</td>'


def _name(row: Row) -> str:
    return (
        f'<th scope="row" data-value="{escape(row.method)}"><span class="letter">{row.letter}</span> '
        f"{escape(row.method)}</th>"
    )


def _number(shown: object, value: object) -> str:
    return f'<td class="number" data-value="{value}">{shown}</td>'


def _figure(table: Table, index: int, column: str) -> str:
    key = f"{column}/{table.metric}"
    score = table.rows[index].scores.get(key)
    if score is None:
        return '<td data-value=""></td>'
    shown = number(score.value, key)
    shown = f"<b>{shown}</b>" if table.best(index, key) else shown
    letters = beaten(table, index, column)
    exact = f"{score.value:.6f}"
    if score.low == score.low:
        exact += f" [{score.low:.6f}, {score.high:.6f}]"
    raised = f"<sup>{letters}</sup>" if letters else ""
    return (
        f'<td data-value="{score.value!r}" title="{exact}">{shown} <small>{spread(score, key)}</small>'
        f"{raised}</td>"
    )


def _others(table: Table) -> str:
    """Figures but the first, without their spread."""
    pairs = [(column, metric) for column in COLUMNS[:2] for metric in table.cell.metrics[1:]]
    heads = "".join(
        f'<th class="number">{marked(column)} {escape(metric_name(metric))}</th>' for column, metric in pairs
    )
    lines = []
    for index, row in enumerate(table.good):
        cells = []
        for column, metric in pairs:
            key = f"{column}/{metric}"
            score = row.scores.get(key)
            shown = "" if score is None else number(score.value, key)
            shown = f"<b>{shown}</b>" if table.best(index, key) else shown
            cells.append(_number(shown, "" if score is None else repr(score.value)))
        lines.append(f"<tr>{_name(row)}{''.join(cells)}</tr>\n")
    levels = [table.chance.get(f"{column}/{metric}") for column, metric in pairs]
    guessed = "".join(
        _number("" if level is None else number(level, metric), "")
        for level, (_, metric) in zip(levels, pairs, strict=True)
    )
    chance = (
        f'<tfoot><tr><th scope="row">{marked("chance")}</th>{guessed}</tr></tfoot>' if any(levels) else ""
    )
    return (
        f'<div class="card close"><table class="sortable"><thead><tr><th>{marked("method")}</th>{heads}</tr>'
        f"</thead>\n<tbody>{''.join(lines)}</tbody>{chance}</table></div>\n"
    )


def _footer(about: Sequence[tuple[str, str]], missing: str) -> str:
    told = []
    for name, value in about:
        shown = f"<code>{escape(value)}</code>" if name == "command" else escape(value)
        label = marked(f"about_{name}") if f"about_{name}" in WORDS else escape(name.replace("_", " "))
        told.append(f"<dt>{label}</dt><dd>{shown}</dd>")
    lacking = f"<p>{escape(missing)}</p>" if missing else ""
    return f"<section><dl>{''.join(told)}</dl>{lacking}</section>"


def _own_ids(svg: str, prefix: str) -> str:
    """A drawing whose ids are not those of another on the page."""
    svg = re.sub(r'\bid="', f'id="{prefix}', svg)
    return re.sub(r'(url\(|href=")#', rf"\1#{prefix}", svg)


def _translated(svg: str) -> str:
    """A drawing whose few words are there in both languages."""
    for word in _DRAWN:
        english, chinese = (escape(said(word, language)) for language in ("en", "zh"))
        spans = f'<tspan class="en">{english}</tspan><tspan class="zh">{chinese}</tspan>'
        svg = svg.replace(f">{english}</text>", f">{spans}</text>")
    return svg
