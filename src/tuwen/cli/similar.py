"""`tuwen similar`: what is like an item of the collection."""

from __future__ import annotations

from pathlib import Path

import click

from tuwen.cli import _options, _settings


@click.command(epilog="Example:  tuwen similar photos IMG_0012 -k 5", short_help="Find what is like an item.")
@_options.collection
@click.argument("id")
@click.option(
    "--kind",
    type=click.Choice(["image", "text"]),
    default=None,
    help="What ID names.  [default: image, or text where there are no images]",
)
@_options.wanted
@_options.count(_settings.default("k"), "How many hits.  [default: 10]")
@_options.style("html")
@click.option(
    "--html", "sheet", type=_options.OUTPUT, metavar="FILE", help="Write an HTML sheet with thumbnails."
)
@click.option("--thumbnails/--no-thumbnails", default=True, help="Show pictures in terminals that can.")
def command(
    collection: Path,
    id: str,
    kind: str | None,
    wanted: str | None,
    k: int,
    style: str,
    sheet: Path | None,
    thumbnails: bool,
) -> None:
    """Find the items most like one that is in the collection, of its own kind or the other."""
    from tuwen.cli import _answers

    opened = _options.opened(collection)
    of = _options.wanted_kind(kind, opened)
    results = opened.similar(of, id, to=_options.kind(wanted) if wanted else of, k=k)
    item = opened.get(of, id)
    images = (Path(item.path),) if item.kind == "image" and item.path else ()
    asked = _answers.Asked(text=item.text or item.id, images=images, collection=opened)
    _answers.show(results, asked, style, sheet=sheet, launch=None, thumbnails=thumbnails)
