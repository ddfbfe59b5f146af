"""`tuwen export`: all items and vectors as Parquet."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from tuwen.cli import _options, _output


@click.command(
    epilog="Example:  tuwen export photos -o photos-export",
    short_help="Write items and vectors as Parquet files.",
)
@_options.collection
@click.option("-o", "--output", type=_options.PATH, required=True, help="A new or empty folder.")
def command(collection: Path, output: Path) -> None:
    """Export all items with their vectors as Parquet files.

    `tuwen index NEW FOLDER` makes a collection of them again, without encoding anything.
    """
    for path in _options.opened(collection).export(output):
        print(path)
    _output.note(f"Read it back with:  tuwen index NEW {shlex.quote(str(output))}")
