"""Who beats whom, as a matrix of HTML: a row against a column, each direction by itself."""

from __future__ import annotations

from tuwen.bench.runs import DIRECTIONS, Direction
from tuwen.markup import escape
from tuwen.report.grouping import Table
from tuwen.report.significance import Pair
from tuwen.report.words import marked

#: Rows up to which every cell has room for its p.
ROOM = 12


def matrices(table: Table) -> str:
    """A matrix for every direction and group of rows that compete."""
    parts = []
    for section in table.sections():
        if len(section) < 2:
            continue
        for direction in DIRECTIONS:
            width = table.rows[section[0]].width if table.hashing else None
            bits = f" · {width} {marked('bits')}" if width else ""
            parts.append(f"<div><h3>{marked(direction)}{bits}</h3>{_matrix(table, section, direction)}</div>")
    return f'<div class="matrices">{"".join(parts)}</div>\n<p class="legend">{marked("matrix")}</p>'


def _matrix(table: Table, section: list[int], direction: Direction) -> str:
    of = {frozenset((pair.one, pair.other)): pair for pair in table.pairs if pair.direction == direction}
    heads = "".join(f"<th>{table.rows[number].letter}</th>" for number in section)
    lines = []
    for number in section:
        row = table.rows[number]
        cells = "".join(
            _cell(table, number, of.get(frozenset((number, other))), len(section) <= ROOM)
            if number != other
            else '<td class="self"></td>'
            for other in section
        )
        lines.append(f'<tr><th scope="row">{row.letter} {escape(row.method)}</th>{cells}</tr>')
    body = f"<tbody>{''.join(lines)}</tbody>"
    return f'<table class="matrix"><thead><tr><th></th>{heads}</tr></thead>{body}</table>'


def _cell(table: Table, number: int, pair: Pair | None, room: bool) -> str:
    if pair is None:
        return "<td></td>"
    one, other = table.rows[pair.one], table.rows[pair.other]
    told = (
        f"{one.letter} {one.method} − {other.letter} {other.method}: {pair.difference:+.4f}, "
        f"p = {_p(pair.p)}, Holm {_p(pair.adjusted)}"
    )
    sign = "·" if not pair.significant else ">" if pair.one == number else "<"
    kind = {">": ' class="win"', "<": ' class="lose"'}.get(sign, "")
    shown = f"{escape(sign)} <small>{escape(_p(pair.adjusted))}</small>" if room else escape(sign)
    return f'<td{kind} title="{escape(told)}">{shown}</td>'


def _p(p: float) -> str:
    return "<.001" if p < 0.001 else "1" if p > 0.9995 else f"{p:.3f}".removeprefix("0")
