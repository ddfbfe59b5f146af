"""The page of results: a summary of what was promised, then every benchmark's figures as tables."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
HEAD = """# Benchmarks

Written by `benchmarks/run` from [benchmarks.json](benchmarks.json); what each script measures, and what data it needs, is in [benchmarks/README.md](../benchmarks/README.md). Each figure stands beside its peers, measured in the same run. Repeat one with the command that stands with it.
"""  # noqa: E501


def page(results: dict[str, Any]) -> str:
    """The whole page, Markdown."""
    parts = [HEAD]
    for name, found in sorted(results.items()):
        parts.append(section(name, found))
    return "\n".join(parts)


def section(name: str, found: dict[str, Any]) -> str:
    """One benchmark: what it is, how it was run, and its tables."""
    result = {
        key: value
        for key, value in found["result"].items()
        if key not in ("machine", "date", "name", "benchmark")
    }
    machine = found["result"].get("machine", {})
    about = [
        f"## {name.replace('_', ' ')}",
        "",
        title(name),
        "",
        f"`{found['command']}`, {result_date(found)}, {found['seconds']} s. {machine_line(machine)}",
        "",
    ]
    return "\n".join([*about, *tables(result)])


def result_date(found: dict[str, Any]) -> str:
    """When it was measured."""
    return str(found["result"].get("date", "no date"))


def title(name: str) -> str:
    """The first paragraph of a script's docstring."""
    text = ast.get_docstring(ast.parse((HERE / f"{name}.py").read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split())


def machine_line(machine: dict[str, Any]) -> str:
    """The machine in one sentence."""
    if not machine:
        return ""
    versions = ", ".join(f"{name} {version}" for name, version in machine.get("versions", {}).items())
    load = f", load {machine['load_1min']} at the end" if machine.get("load_1min") is not None else ""
    return (
        f"{machine.get('processor')}, {machine.get('cores')} cores, {machine.get('memory_gb')} GB, "
        f"{machine.get('system')}, Python {machine.get('python')}{load}; {versions}."
    )


def tables(values: dict[str, Any], heading: str = "") -> list[str]:
    """A dict as tables: plain values in one, equal-shaped dicts as the rows of one, others below."""
    lines: list[str] = []
    plain = {key: value for key, value in values.items() if not isinstance(value, dict | list) or not value}
    lists = {key: value for key, value in values.items() if isinstance(value, list) and value}
    inner = {key: value for key, value in values.items() if isinstance(value, dict) and value}
    plain |= {key: ", ".join(map(shown, value)) for key, value in lists.items() if not _are_dicts(value)}
    if heading:
        lines += [f"**{heading}**", ""]
    if plain:
        lines += grid(["", "value"], [[words(key), shown(value)] for key, value in plain.items()])
    for key, value in lists.items():
        if _are_dicts(value):
            lines += [f"**{_under(heading, key)}**", "", *rows([(None, row) for row in value])]
    flat = {
        key: value for key, value in inner.items() if not any(isinstance(v, dict) for v in value.values())
    }
    if len(flat) > 1 and len(flat) == len(inner) and _alike(list(flat.values())):
        return lines + rows(list(flat.items()))
    for key, value in inner.items():
        lines += tables(value, _under(heading, key))
    return lines


def rows(named: list[tuple[str | None, dict[str, Any]]]) -> list[str]:
    """Dicts as the rows of one table, their keys as columns."""
    columns = list(dict.fromkeys(key for _, row in named for key in row))
    first = [""] if any(name is not None for name, _ in named) else []
    body = [
        [*([words(name)] if name is not None else []), *(shown(row.get(column)) for column in columns)]
        for name, row in named
    ]
    return grid([*first, *(words(column) for column in columns)], body)


def grid(head: list[str], body: list[list[str]]) -> list[str]:
    """A Markdown table."""
    return [
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
        *("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in body),
        "",
    ]


def words(key: str) -> str:
    """`recall_at_10` as `recall at 10`."""
    return str(key).replace("_", " ")


def shown(value: Any) -> str:
    """A value for people."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    if isinstance(value, dict | list):
        return ", ".join(map(shown, value)) if isinstance(value, list) else ""
    return str(value)


def _are_dicts(value: list[Any]) -> bool:
    return all(isinstance(entry, dict) for entry in value)


def _alike(dicts: list[dict[str, Any]]) -> bool:
    shared = set.intersection(*(set(one) for one in dicts))
    return len(shared) >= 0.5 * max(len(one) for one in dicts)


def _under(heading: str, key: str) -> str:
    return f"{heading}: {words(key)}" if heading else words(key)
