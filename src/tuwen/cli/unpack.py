"""`tuwen unpack`: a folder from what `tuwen pack` wrote."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from tuwen.cli import _options, _output, _progress


@click.command(
    epilog="Example:  tuwen unpack photos.tuwen -o photos",
    short_help="Make a collection of a packed file.",
)
@click.argument("file", type=_options.FILE)
@click.option("-o", "--output", type=_options.PATH, required=True, help="A new or empty folder.")
def command(file: Path, output: Path) -> None:
    """Unpack what `tuwen pack` wrote: the folder is then the collection, or the encoder, itself.

    Every file is compared with its checksum, and the folder is there whole or not at all. Needs no
    network.
    """
    from tuwen.cli.pack import holds
    from tuwen.packing import unpack

    with _progress.bar("unpacking MB") as report:
        made = unpack(file, output, report)
    typed = shlex.quote(str(output))
    _output.note(f"{output}: {holds(made)}")
    for there, what in ((made.method, "method"), (made.extra, "extra")):
        if there:
            _output.note(f"  {what} in {output / what}")
    if made.collection:
        _output.note(f"Next:  tuwen show {typed}")
    else:
        _output.note(f"Use it as:  --encoder {typed}")
