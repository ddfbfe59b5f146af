"""`tuwen verify`: is what is on disk what was written?"""

from __future__ import annotations

from pathlib import Path

import click

from tuwen.cli import _options, _output


@click.command(
    epilog="Example:  tuwen verify photos", short_help="Check rows, checksums, vectors and indexes."
)
@_options.collection
@click.pass_context
def command(ctx: click.Context, collection: Path) -> None:
    """Check that a collection is what was written: ids, checksums, vectors, indexes.

    One line a fault; exit code 1 when there are any.
    """
    opened = _options.opened(collection)
    faults = opened.verify()
    for fault in faults:
        print(_output.clean(fault))
    if faults:
        _output.note(
            "Restore a snapshot (tuwen snapshot) or a copy, or index the sources into a new collection."
        )
        ctx.exit(1)
    _output.note(f"{collection} is sound: {_output.holds(opened)}.")
