"""`tuwen compact`: make a collection small and quick again."""

from __future__ import annotations

from pathlib import Path

import click

from tuwen.cli import _options, _output


@click.command(
    epilog="Example:  tuwen compact photos", short_help="Join small files and drop what is not needed."
)
@_options.collection
def command(collection: Path) -> None:
    """Compact a collection: join small files and drop deleted rows and old versions.

    Snapshots stay, and so does what was replaced within the last hour, for those who read it now.
    """
    done = _options.opened(collection).compact()
    _output.note(f"{done['bytes_removed'] / 1e6:,.1f} MB freed, {done['files']:,} data files left.")
