"""`tuwen encoders`: what encoders there are."""

from __future__ import annotations

import click

from tuwen.cli import _options, _output


@click.command(epilog="Example:  tuwen encoders --format json")
@_options.style()
def command(style: str) -> None:
    """List the encoders, what they encode and in which languages."""
    from tuwen import encoders

    rows = []
    for name in encoders.names():
        encoder = encoders.find(name)
        rows.append(
            {
                "encoder": name,
                "encodes": " and ".join(f"{kind}s" for kind in sorted(encoder.modalities)),
                "languages": " ".join(encoder.languages),
                "about": (encoder.__doc__ or "").strip().split("\n")[0],
            }
        )
    _output.emit(rows, style, columns=("encoder", "encodes", "languages", "about"))
