"""`tuwen datasets`: the benchmarks there are, and whether their files are at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tuwen.cli import _options, _output, _progress

_LISTED = ("data set", "title", "true is", "lang", "files", "splits")
_CHECKED = ("data set", "split", "features", "train", "val", "test", "database", "widths")


@click.command(
    epilog="Example:  tuwen datasets wikipedia --check --data-root ~/data",
    short_help="List benchmarks, and check their files.",
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--check", is_flag=True, help="Load every split: sizes, widths, checksums, faults.")
@click.option(
    "--data-root",
    type=_options.PATH,
    metavar="FOLDER",
    help="Holds a folder for each benchmark.  [default: TUWEN_DATA, else data]",
)
@_options.style()
def command(names: tuple[str, ...], check: bool, data_root: Path | None, style: str) -> None:
    """List the named benchmarks: how they are cut, which features they have, whether the files are there.

    With NAME, all about one: citation, licence, and where to get which files. With --check, each split of
    NAME, or of all that are there, is loaded: images and texts of every part, widths, SHA-256 of what was
    read (in JSON), and what is wrong. An own file of pairs needs no name: tuwen bench --data FILE.
    """
    from tuwen.datasets import listing
    from tuwen.datasets import names as known

    if check:
        _check(names, data_root, style)
        return
    rows = [listing.about(name, data_root) for name in names or known()]
    if _output.chosen(style) != "table":
        _output.emit(rows, style)
    elif names:
        for row in rows:
            _tell(row)
    else:
        _list(rows)


def _list(rows: list[dict[str, Any]]) -> None:
    shown = [
        {
            "data set": row["dataset"],
            "title": row["title"],
            "true is": "class" if row["relevance"] == "class" else "partner",
            "lang": " ".join(row["languages"]),
            "files": "yes" if row["there"] else "no",
            "splits": " ".join(row["splits"]),
        }
        for row in rows
    ]
    _output.emit(shown, "table", columns=_LISTED, cut="splits")
    _output.note(
        "\nwhere to get the files, splits, features, licence: tuwen datasets NAME.   do they load: --check\n"
        "they are looked for in the folder that --data-root or TUWEN_DATA names, a folder for each"
    )


def _tell(row: dict[str, Any]) -> None:
    """All about one, in lines that end between words."""
    _wrapped("", f"{row['dataset']}: {row['title']}")
    true = "what shares a class" if row["relevance"] == "class" else "what it was paired with"
    there = "files are there" if row["there"] else "no files there"
    _wrapped("citation", row["citation"])
    _wrapped("licence", row["licence"])
    _wrapped("true is", f"{true}; texts: {', '.join(row['languages'])}")
    _wrapped("files", row["source"])
    _wrapped("folder", f"{row['folder']} ({there})")
    for title, one in (("splits", "--split"), ("features", "--features")):
        print(f"\n{title}")
        for name, line in row[title].items():
            _wrapped(f"  {one} {name}", line, wide=24)
        if title == "splits" and row["relevance"] == "class":
            _wrapped("  --split zero-shot", "half of the classes are kept from training", wide=24)
    print()


def _wrapped(name: str, words: str, wide: int = 10) -> None:
    """`name  words`, with the further lines under the words."""
    import shutil
    import textwrap

    head = f"{name:<{wide}}" if len(name) < wide else f"{name}  "
    columns = shutil.get_terminal_size().columns
    lines = textwrap.wrap(
        _output.clean(words),
        width=max(columns, 40),
        initial_indent=head if name else "",
        subsequent_indent=" " * wide,
        break_long_words=False,
        break_on_hyphens=False,
    )
    print("\n".join(lines))


def _check(names: tuple[str, ...], data_root: Path | None, style: str) -> None:
    from tuwen.datasets import listing

    with _progress.bar("checking"):
        rows = [row for row in listing.check(names, data_root) if names or "split" in row]
    if _output.chosen(style) != "table":
        _output.emit(rows, style)
    else:
        sizes = [_sizes(row) for row in rows if "problem" not in row]
        _output.emit(sizes, "table", columns=_CHECKED, right=_CHECKED[3:], empty="None is there.")
        for row in rows:
            title = f"{row['dataset']} {row.get('split', '')}".strip()
            for line in _told(row):
                _output.note(_output.clean(f"{title}: {line}"))
    if any(row.get("faulty") for row in rows):
        raise click.exceptions.Exit(1)


def _told(row: dict[str, Any]) -> list[str]:
    """What a reader must know; where only a split lacks files, which one, without how to get all."""
    problem = row.get("problem")
    if problem is None:
        return list(row["notes"])
    return [problem if row.get("faulty") or "split" not in row else problem.partition(". ")[0]]


def _sizes(row: dict[str, Any]) -> dict[str, Any]:
    """Parts as `5000:25000` where images have several texts."""
    shown = {"data set": row["dataset"], "split": row["split"], "features": row["features"]}
    for part in ("train", "val", "test", "database"):
        counts = dict.fromkeys(row[part] or ())
        shown[part] = ":".join(map(str, counts))
    # where there are captions alone, what encodes them decides
    shown["widths"] = ":".join(str(row[side]) for side in ("image_width", "text_width") if row[side])
    return shown
