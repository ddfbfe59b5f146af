"""`tuwen duplicates`: what is in a collection twice."""

from __future__ import annotations

from pathlib import Path

import click

from tuwen.cli import _options, _output


@click.command(
    epilog="Example:  tuwen duplicates photos --distance 3",
    short_help="List pictures and texts that are there twice.",
)
@_options.collection
@click.option(
    "--kind", type=click.Choice(["image", "text"]), default="image", help="What to compare.  [default: image]"
)
@click.option(
    "--distance",
    type=click.IntRange(0, 11),
    default=6,
    metavar="BITS",
    help="How many of the 64 bits of two pictures' perceptual hashes may differ.  [default: 6]",
)
@_options.style()
def command(collection: Path, kind: str, distance: int, style: str) -> None:
    """List groups of duplicates: copies, pictures that look the same, texts with the same words.

    A copy that has stored: false is a file with the same bytes as a stored picture; it is listed, not
    stored. Nothing is deleted.
    """
    from tuwen.duplicates import duplicates

    groups = duplicates(_options.opened(collection), _options.kind(kind), distance)
    people = _output.chosen(style) == "table"
    rows = [
        {
            "group": number,
            "id": member.id,
            "path": _output.near(member.path) if people else member.path,
            **({"text": member.text} if kind == "text" else {"bits": member.bits}),
            "exact": group.exact,
            "stored": member.stored,
        }
        for number, group in enumerate(groups, 1)
        for member in group.members
    ]
    columns = ("group", "id", "text", "bits", "exact", "stored", "path")
    _output.emit(rows, style, columns=columns, empty="No duplicates.")
    if rows and people:
        _output.note(f"{_output.counted(len(groups), 'group')}, {_output.counted(len(rows), 'item')}.")
