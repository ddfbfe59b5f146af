"""`tuwen reproduce`: published tables beside our own figures."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tuwen.cli import _options, _output, _progress

if TYPE_CHECKING:
    from tuwen.reproduce.lines import Reproduction
    from tuwen.reproduce.published import Table


@click.command(
    epilog="Example:  tuwen reproduce 003-7 --jobs 2 -o runs",
    short_help="Put published tables beside our own figures.",
)
@click.argument("table", required=False)
@click.option("--audit", is_flag=True, help="Recompute what is printed: averages, orders, repeated rows.")
@click.option(
    "--data-root",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    metavar="FOLDER",
    help="Has a folder for each benchmark.  [default: TUWEN_DATA, or data]",
)
@click.option(
    "--features",
    "given",
    multiple=True,
    metavar="BLOCK=FILE",
    help="Your own features for a block of the table (cnn=vgg19.npz), or FILE for tables of one block.",
)
@click.option(
    "--methods",
    "wanted",
    default="",
    metavar="NAME,...",
    help="Run these methods of the table only, by our names.  [default: all]",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1, max=1024),
    default=1,
    metavar="N",
    help="Runs at the same time, each in a process of its own.  [default: 1]",
)
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    metavar="FOLDER",
    help="Keeps the runs; the same command goes on where it stopped.  [default: nothing is kept]",
)
@click.option(
    "--markdown", "page", type=_options.OUTPUT, metavar="FILE", help="Write the page of the table there too."
)
@_options.style("markdown")
def command(
    table: str | None,
    audit: bool,
    data_root: Path | None,
    given: Sequence[str],
    wanted: str,
    jobs: int,
    folder: Path | None,
    page: Path | None,
    style: str,
) -> None:
    """Run what can be run of TABLE and print it beside the published figures.

    Each difference of more than 0.02 has its reason, or is said to have none that we know. Rows whose data
    or method are absent say what they need. Without TABLE, list the tables. --audit needs no data.
    """
    from tuwen.reproduce import published

    tables = [published.load(name) for name in ([table] if table else published.names())]
    if audit:
        _audit(tables, style, page)
        return
    files = _files(given)
    if table is None:
        if page or folder or files or wanted:
            raise click.UsageError("name a TABLE")
        _list(tables, data_root, style)
        return
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    with tempfile.TemporaryDirectory(prefix="tuwen-") as scratch, _progress.bar("running") as report:
        from tuwen.reproduce.lines import reproduce

        found = reproduce(
            tables[0],
            folder or Path(scratch),
            data_root=data_root,
            jobs=jobs,
            files=files,
            wanted=names,
            progress=report,
        )
    _show(found, style, page, f"tuwen reproduce {table}" + (f" --methods {','.join(names)}" if names else ""))
    if any(line.error for line in found.lines):
        raise click.exceptions.Exit(1)


def _files(given: Sequence[str]) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for text in given:
        block, equals, path = text.rpartition("=")
        if block in files:
            raise click.UsageError(f"--features {text}: features of this block are given twice")
        if not Path(path).exists():
            raise click.UsageError(f"--features {text}: {path} is not there")
        files[block if equals else ""] = Path(path)
    return files


def _list(tables: Sequence[Table], data_root: Path | None, style: str) -> None:
    from tuwen.reproduce.overview import holding

    rows = [asdict(holding(table, data_root=data_root)) for table in tables]
    if _output.chosen(style) == "markdown":
        print(_markdown(("table", "title", "methods", "here", "runs", "needs"), rows))
        return
    if _output.chosen(style) == "table":
        rows = [{**row, "here": f"{row['here']} of {row['methods']}"} for row in rows]
        rows = [{**row, "needs": "; ".join(row["needs"])} for row in rows]
    _output.emit(rows, style, columns=("table", "title", "here", "runs", "needs"), right=("here",))
    if _output.chosen(style) == "table":
        _output.note(
            "\nhere: methods of which something can be run; runs: how many that takes.\n"
            "tuwen reproduce TABLE prints figures side by side; tuwen reproduce --audit needs no data."
        )


def _audit(tables: Sequence[Table], style: str, page: Path | None) -> None:
    from tuwen.reproduce import audit, rendering

    found = audit.audit(tables)
    text = rendering.audit_page(found)
    if page is not None:
        page.write_text(text, encoding="utf-8")
    if _output.chosen(style) == "markdown":
        print(text, end="")
    elif _output.chosen(style) != "table":
        _output.emit([asdict(finding) for finding in found], style)
    else:
        for kind, says in audit.KINDS.items():
            some = [finding for finding in found if finding.kind == kind]
            print(f"{kind}: {says}")
            for name in dict.fromkeys(finding.table for finding in some):
                for line in rendering.summed([finding for finding in some if finding.table == name]):
                    print(f"  {name:<7} {line}")
            print("" if some else "  none\n")


def _show(found: Reproduction, style: str, page: Path | None, again: str) -> None:
    from tuwen.reproduce import rendering

    if page is not None:
        page.write_text(rendering.page(found, f"{again} --markdown {page.as_posix()}"), encoding="utf-8")
    if _output.chosen(style) == "markdown":
        print(rendering.page(found, f"{again} --format markdown"), end="")
        return
    if _output.chosen(style) != "table":
        _output.emit(rendering.flat(found), style)
        return
    print(f"Table {found.table.name}: {found.table.title}")
    for line in rendering.heading(found):
        print(line)
    for section in rendering.sections(found):
        print(f"\n{section.title.replace('`', '')}")
        for line in section.says:
            print(line)
        rows = [{**row, "method": "" if row.get("again") else row["method"]} for row in section.rows]
        _output.emit(
            rows, "table", columns=rendering.COLUMNS, right=("published", "ours", "difference", "why")
        )
        for number, note in enumerate(section.notes, 1):
            print(f"[{number}] {note}")
    if found.table.errata:
        print("\nErrata")
        for one in found.table.errata:
            where = "; ".join(filter(None, [", ".join(one.rows), ", ".join(one.columns)]))
            print(f"- {where}{': ' if where else ''}{one.what} ({one.status}: {one.evidence})")


def _markdown(columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> str:
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    for row in rows:
        values = ["; ".join(map(str, v)) if isinstance(v := row[name], tuple) else str(v) for name in columns]
        lines.append(f"| {' | '.join(values)} |")
    return "\n".join(lines)
