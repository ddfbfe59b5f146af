"""`tuwen delete`: take items out of a collection."""

from __future__ import annotations

from pathlib import Path

import click

from tuwen.cli import _options, _output


@click.command(
    epilog="Example:  tuwen delete photos IMG_0012 IMG_0013",
    short_help="Take items out; their files stay.",
)
@_options.collection
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option(
    "--kind",
    type=click.Choice(["image", "text"]),
    default="image",
    help="What the ids name.  [default: image]",
)
@click.option("--where", metavar="EXPR", help="Every item of that kind that fits, such as: missing = true")
def command(collection: Path, ids: tuple[str, ...], kind: str, where: str | None) -> None:
    """Delete items from a collection, by id or by a filter. The files themselves are not touched."""
    if bool(ids) == bool(where):
        raise click.UsageError("say what to delete: ids, or --where EXPR")
    opened = _options.opened(collection)
    side = _options.kind(kind)
    for identifier in ids:
        opened.get(side, identifier)  # a wrong id is an error before anything is deleted
    removed = opened.delete(side, list(ids) or [item.id for item in opened.items(side, where)])
    _output.note(f"{_output.counted(removed, side)} deleted, {opened.count(side):,} left.")
