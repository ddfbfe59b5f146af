"""`tuwen encode`: vectors of a source, as .npz."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tuwen.cli import _options, _output, _progress, _settings, _sources
from tuwen.errors import InputError


@click.command(
    epilog="Example:  tuwen encode photos -o features.npz", short_help="Encode a source to vectors, as .npz."
)
@click.argument("source", type=click.Path(path_type=Path, allow_dash=True))
@click.option("-o", "--output", type=_options.OUTPUT, required=True, help="The .npz file to write.")
@click.option(
    "--encoder", default=_settings.default("encoder"), metavar="NAME", help="What encodes.  [default: mini]"
)
@click.option("--image-column", metavar="NAME", help="Table column of pictures.")
@click.option("--text-column", metavar="NAME", help="Table column of texts.")
@click.option("--id-column", metavar="NAME", help="Table column of ids.")
@click.option("--pattern", metavar="GLOB", help='Files of a folder, such as "*.jpg".')
def command(source: Path, output: Path, encoder: str, **columns: Any) -> None:
    """Encode the pictures and texts of a folder or a table to vectors.

    The file holds image_ids, image_vectors, text_ids, text_vectors, encoder and fingerprint; numpy reads
    it, and `tuwen match` takes it for queries.
    """
    from tuwen import encoders
    from tuwen.data import open_source
    from tuwen.features import encode_source, write_features

    made = encoders.load(encoder)
    parts = []
    with _sources.spooled(source) as path:
        opened = open_source(path, **columns)
        for kind in sorted(made.modalities):
            with _progress.bar(f"encoding {kind}s") as report:
                parts.append(encode_source(opened, made, kind, report))
    refusals = list(dict.fromkeys(refusal for part in parts for refusal in part.refusals))
    written = [part for part in parts if part.ids]
    if written:
        write_features(output, written, made)
        counts = ", ".join(_output.counted(len(part.ids), part.kind) for part in written)
        _output.note(f"{counts} of width {made.width}: {output}")
    _sources.tell_refusals(refusals)
    if not written:
        raise InputError(f"{source} has nothing to encode")
