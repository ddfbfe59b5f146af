"""`tuwen pack`: a collection and what it needs in one file."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tuwen.cli import _options, _output, _progress

if TYPE_CHECKING:
    from tuwen.packing import Pack


@click.command(
    epilog="Example:  tuwen pack photos -o photos.tuwen",
    short_help="Put a collection and its encoder into one file.",
)
@click.argument("collection", type=click.Path(path_type=Path, file_okay=False), required=False)
@click.option("-o", "--output", type=_options.OUTPUT, required=True, help="The file to write.")
@click.option(
    "--encoder", metavar="SPEC", help="Where its encoder lies; without COLLECTION, the encoder to pack."
)
@click.option("--method", type=click.Path(path_type=Path, file_okay=False), help="A saved method's folder.")
@click.option(
    "--with", "extra", type=_options.FILE, multiple=True, help="A further file, such as a dictionary."
)
@click.option("--pictures", is_flag=True, help="Take the pictures' own files too.")
def command(
    collection: Path | None,
    output: Path,
    encoder: str | None,
    method: Path | None,
    extra: tuple[Path, ...],
    pictures: bool,
) -> None:
    """Put a collection and its encoder into one file, for a machine with no network.

    `tuwen unpack` makes a folder of it that is searched like any other. Without COLLECTION, the encoder
    alone is packed. Every file is kept with its checksum; what ships with tuwen is not packed.
    """
    from tuwen.packing import pack

    if collection is None and encoder is None:
        raise click.UsageError("nothing to pack; name a COLLECTION, or an encoder with --encoder SPEC")
    _options.spare(output, *extra)
    with _progress.bar("packing MB") as report:
        made = pack(
            output,
            collection=collection,
            encoder=encoder,
            method=method,
            extra=extra,
            pictures=pictures,
            report=report,
        )
    _output.note(f"{output} ({output.stat().st_size / 1e6:,.2f} MB): {holds(made)}")
    if made.encoder and not made.own:
        _output.note(f"Encoder {made.encoder} ships with tuwen, so none of its files are in it.")
    typed, folder = shlex.quote(str(output)), shlex.quote(output.stem)
    _output.note(f"There:  tuwen unpack {typed} -o {folder}")


def holds(made: Pack) -> str:
    """What a pack holds, in words."""
    parts = []
    if made.collection:
        parts.append(f"collection made with the method {made.learned}" if made.learned else "collection")
    parts += ["encoder"] if made.own else []
    parts += ["method"] if made.method else []
    parts += [_output.counted(made.pictures, "picture")] if made.pictures else []
    parts += list(made.extra)
    return f"{', '.join(parts)}; {_output.counted(made.files, 'file')}"
