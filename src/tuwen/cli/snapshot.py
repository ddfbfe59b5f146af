"""`tuwen snapshot`: keep the present state under a name, and go back to it."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from tuwen.cli import _options, _output


@click.command(
    epilog="Example:  tuwen snapshot photos before-cleaning",
    short_help="Keep a state under a name; go back to it.",
)
@_options.collection
@click.argument("name", required=False)
@click.option("--restore", is_flag=True, help="Make the named state the present one again.")
@click.option("--drop", is_flag=True, help="Forget the named state; compact then frees its room.")
@_options.style()
def command(collection: Path, name: str | None, restore: bool, drop: bool, style: str) -> None:
    """Keep the present state of a collection under a name; without a name, list what is kept."""
    opened = _options.opened(collection)
    if name is None:
        if restore or drop:
            raise click.UsageError("which state? tuwen snapshot COLLECTION lists them")
        rows = [
            {
                "name": known,
                "time": kept["time"],
                "images": kept["counts"]["images"],
                "texts": kept["counts"]["texts"],
            }
            for known, kept in opened.store.snapshots().items()
        ]
        _output.emit(rows, style, columns=("name", "time", "images", "texts"), empty="No snapshots.")
    elif restore and drop:
        raise click.UsageError("--restore or --drop, not both")
    elif drop:
        opened.drop_snapshot(name)
        _output.note(f"Forgot {name}.")
    elif restore:
        opened.roll_back(name)
        _output.note(f"Back at {name}: {_output.holds(opened)}.")
    else:
        opened.snapshot(name)
        again = shlex.join(["tuwen", "snapshot", str(collection), name, "--restore"])
        _output.note(f"Kept as {name}. Go back with:  {again}")
