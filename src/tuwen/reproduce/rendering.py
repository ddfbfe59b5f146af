"""A table and ours as sections of rows and notes: for terminals, Markdown pages, CSV and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from tuwen.reproduce.audit import KINDS, Finding, audit, chance, r_sum
from tuwen.reproduce.lines import Line, Reproduction
from tuwen.reproduce.published import Group, Setup, Table, load, names

#: Columns of a section; the difference is left out where features are others than the paper's.
COLUMNS = ("method", "column", "published", "ours", "difference", "why")


@dataclass
class Section:
    """The rows of one block in one set-up.

    Attributes:
        title: Block and set-up.
        says: What the set-up is, and the protocol of our figures.
        rows: Cells by the names in `COLUMNS`, as text.
        notes: What `why` refers to, by number from 1.
    """

    title: str
    says: list[str]
    rows: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> str:
        """The number of a note, which is added unless it is there."""
        if text not in self.notes:
            self.notes.append(text)
        return f"[{self.notes.index(text) + 1}]"


def sections(found: Reproduction) -> list[Section]:
    """One section for each block in each set-up, set-ups of different codes apart."""
    table = found.table
    groups = {group.name: group for group in table.groups}
    return [
        section
        for setup in table.setups
        for name in setup.groups
        if (section := _section(found, setup, groups[name])).rows
    ]


def _section(found: Reproduction, setup: Setup, group: Group) -> Section:
    table = found.table
    columns = {column.name for column in table.columns if column.group == group.name}
    lines = [line for line in found.of(setup) if line.column in columns]
    title = ", ".join(filter(None, [group.printed, f"set-up `{setup.name}`"]))
    section = Section(title, [_scene(setup)])
    section.says += _protocols(lines)
    for _, some in groupby(lines, key=lambda line: line.row):
        row = list(some)
        if all(line.needs or line.lacks or line.left_out for line in row):
            section.rows.append(_absent(section, row))
        else:
            section.rows += [_present(table, section, line, group.name) for line in row]
    for place, row_now in enumerate(section.rows[1:], 1):
        if section.rows[place - 1]["method"] == row_now["method"]:
            row_now["again"] = "yes"
    return section


def _scene(setup: Setup) -> str:
    draws = f", {len(setup.data_seeds)} draws" if len(setup.data_seeds) > 1 else ""
    features = f", {setup.features}" if setup.features else ""
    compares = "" if setup.compares else " Not a reproduction: no difference is taken."
    says = setup.says[0].upper() + setup.says[1:]
    return f"{says}. Data: {setup.data}, split {setup.split}{features}{draws}.{compares}"


def _protocols(lines: Sequence[Line]) -> list[str]:
    """The protocol of most rows, and of those that have another what it has more."""
    rows: dict[str, list[str]] = {}
    for line in lines:
        if line.protocol:
            rows.setdefault(line.protocol, []).append(line.row)
    if not rows:
        return []
    usual = max(rows, key=lambda protocol: len(rows[protocol]))
    told = [f"Protocol: {usual}."]
    for protocol, methods in rows.items():
        if protocol != usual:
            more = protocol.removeprefix(usual).lstrip("; ")
            told.append(f"{', '.join(dict.fromkeys(methods))}: {more}.")
    return told


def _absent(section: Section, lines: Sequence[Line]) -> dict[str, str]:
    """A row that cannot be run: all that is printed, and what it needs."""
    published = " / ".join(line.printed for line in lines)
    marks = [section.note(f"needs the data: {lines[0].needs}")] if lines[0].needs else []
    marks += [section.note(f"needs the method {lines[0].lacks}")] if lines[0].lacks else []
    marks += [section.note("can be run, but was not asked for")] if lines[0].left_out else []
    return {
        "method": lines[0].row,
        "column": "all",
        "published": published,
        "ours": "not run" if lines[0].left_out else "needs …",
        "difference": "",
        "why": " ".join(marks),
    }


def _present(table: Table, section: Section, line: Line, group: str) -> dict[str, str]:
    column = line.column.removeprefix(f"{group} ") if group else line.column
    row = {"method": line.row, "column": column, "published": line.printed}
    if line.ours is None:
        return row | {"ours": "failed", "difference": "", "why": section.note(f"failed: {line.error}")}
    reason = f"{line.reason.kind}: {line.reason.says}" if line.reason else ""
    return row | {
        "ours": number(table, line.ours) + (f" ±{number(table, line.spread)}" if line.spread else ""),
        "difference": "" if line.difference is None else number(table, line.difference, sign=True),
        "why": section.note(reason) if reason else "",
    }


def number(table: Table, value: float, *, sign: bool = False) -> str:
    """A figure with as many decimals as the table prints."""
    value = round(value, table.decimals) + 0.0  # no "-0.00"
    return f"{value:{'+' if sign else ''}.{table.decimals}f}"


def heading(found: Reproduction) -> list[str]:
    """What is printed and how: paper, unit, protocol, chance level."""
    table = found.table
    unit = "percent" if table.unit == "percent" else "shares of 1"
    told = [f"Paper {table.paper}.", f"Published: {table.published}.", f"Figures are {unit}."]
    level = chance(table)
    if level is not None and table.classes is not None:
        told.append(f"Guessing gets {number(table, level * table.scale)} ({table.classes.says}).")
    return told


def flat(found: Reproduction) -> list[dict[str, Any]]:
    """Every line as named values, for CSV and JSON."""
    setups = {setup.name: setup for setup in found.table.setups}
    return [
        {
            "table": found.table.name,
            "method": line.row,
            "our_name": line.method,
            "column": line.column,
            "published": float(line.printed),
            "setup": line.setup,
            "data": setups[line.setup].data,
            "split": setups[line.setup].split,
            "features": setups[line.setup].features,
            "codes": setups[line.setup].codes,
            "ours": line.ours,
            "spread": line.spread,
            "difference": line.difference,
            "chance": line.chance,
            "why": f"{line.reason.kind}: {line.reason.says}" if line.reason else "",
            "needs": line.needs,
            "lacks": line.lacks,
            "left_out": line.left_out,
            "error": line.error,
            "protocol": line.protocol,
        }
        for line in found.lines
    ]


def page(found: Reproduction, command: str) -> str:
    """The whole as a Markdown page.

    Args:
        found: What was run.
        command: How the page is made again.
    """
    table = found.table
    lines = [f"# Table {table.name}: {table.title}", "", *heading(found), "", _made(found, command)]
    for section in sections(found):
        lines += ["", f"## {section.title}", "", " ".join(section.says), "", *_grid(section)]
        if section.notes:
            lines += ["", *(f"{place}. {_escaped(note)}" for place, note in enumerate(section.notes, 1))]
    lines += ["", *_wrong(table), *_sums(table)]
    if found.notes:
        lines += ["", "## Notes of the runs", "", *(f"- {_escaped(note)}" for note in found.notes)]
    return "\n".join(lines).rstrip() + "\n"


def _made(found: Reproduction, command: str) -> str:
    if not found.about:
        return f"Made by `{command}`. Nothing was run: what each row needs is said below."
    about = found.about
    memory = f", {about['memory_gb']} GB" if "memory_gb" in about else ""
    return (
        f"Made by `{command}` with tuwen {about['tuwen']} on {about['date']}: {about['processor']}, "
        f"{about['cores']} cores{memory}, Python {about['python']}, numpy {about['numpy']}; "
        f"{found.seconds:,.0f} s of fitting in all. A difference of more than 0.02 (2 points) has its reason "
        "in the last column; ± is half the range over draws of the split."
    )


def _grid(section: Section) -> list[str]:
    used = [name for name in COLUMNS if any(row.get(name) for row in section.rows)]
    rule = ["---" if name in ("method", "column", "why") else "--:" for name in used]
    lines = [f"| {' | '.join(used)} |", f"|{'|'.join(rule)}|"]
    for row in section.rows:
        shown = {**row, "method": "" if row.get("again") else row["method"]}
        lines.append(f"| {' | '.join(_escaped(shown[name]) for name in used)} |")
    return lines


def _wrong(table: Table) -> list[str]:
    """Errata and what the audit finds in this table."""
    lines = []
    if table.errata:
        lines += ["## Errata", "", "| where | what is wrong | evidence | status |", "|---|---|---|---|"]
        for one in table.errata:
            where = "; ".join(filter(None, [", ".join(one.rows), ", ".join(one.columns)])) or "the table"
            lines.append(f"| {where} | {_escaped(one.what)} | {_escaped(one.evidence)} | {one.status} |")
    others = [load(name) for name in names() if name != table.name]
    found = [one for one in audit([*others, table]) if one.table == table.name and one.kind != "average"]
    if found:
        lines += ["", "## Found by the audit", ""]
        lines += [f"- {_escaped(text)}" for text in summed(found)]
    return lines


def summed(found: Sequence[Finding]) -> list[str]:
    """Findings as sentences; those of one kind and method in one."""
    lines = []
    for (kind, row), some in groupby(found, key=lambda one: (one.kind, one.row)):
        cells = list(some)
        if kind == "chance":
            places = ", ".join(f"{one.column} {one.printed}" for one in cells)
            lines.append(f"{row}: at chance ({cells[0].computed}): {places}")
        else:
            lines += [f"{row}: {one.says}" for one in cells]
    return lines


def _sums(table: Table) -> list[str]:
    sums = {row.printed: r_sum(table, row) for row in table.rows}
    if None in sums.values():
        return []
    told = ", ".join(f"{name} {total}" for name, total in sums.items())
    return ["", "## R-sum", "", f"The six recalls of each row together, computed here: {told}."]


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def audit_page(found: Sequence[Finding]) -> str:
    """All findings as Markdown, by kind."""
    lines = ["# Audit of the printed tables", ""]
    for kind, says in KINDS.items():
        some = [finding for finding in found if finding.kind == kind]
        lines += [f"## {kind}: {says}", ""]
        for one in some:
            where = " ".join(filter(None, (one.row, "" if kind == "repeated" else one.column)))
            lines.append(f"- {one.table}, {where}: {_escaped(one.says)}")
        lines += [] if some else ["- none"]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"
