"""`tuwen show`: what is in a collection."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuwen.cli import _options, _output

if TYPE_CHECKING:
    from tuwen.collection import Collection

_LEDGER = ("item", "code", "reason", "source", "size", "time")


@click.command(
    epilog="Example:  tuwen show photos --ledger",
    short_help="Show a collection, an item, or what was refused.",
)
@_options.collection
@click.argument("id", required=False)
@click.option(
    "--kind", type=click.Choice(["image", "text"]), help="What ID names.  [default: image, then text]"
)
@click.option("--ledger", is_flag=True, help="List the inputs that were refused, and why.")
@click.option("--items", type=click.Choice(["images", "texts"]), help="List items.")
@click.option("--where", metavar="EXPR", help="With --items: only those that fit, such as: missing = true")
@_options.style()
def command(
    collection: Path,
    id: str | None,
    kind: str | None,
    ledger: bool,
    items: str | None,
    where: str | None,
    style: str,
) -> None:
    """Show a collection's state, one of its items with what belongs to it, its items, or its ledger."""
    if sum((id is not None, ledger, items is not None)) > 1:
        raise click.UsageError("show one thing at a time: ID, --ledger or --items")
    if where and not items:
        raise click.UsageError("--where goes with --items images or --items texts")
    opened = _options.opened(collection)
    if ledger:
        # copies of stored pictures stand in the ledger's table too; `tuwen duplicates` lists those
        listed = opened.store.view.scan("ledger", list(_LEDGER), "code != 'duplicate'")
        rows = listed.drop_columns(["_rowid"]).to_pylist()
        _output.emit(rows, style, columns=("code", "reason"), empty="Nothing was refused.")
    elif items:
        found = [
            item.to_dict() | {"missing": item.missing} for item in opened.items(_options.kind(items), where)
        ]
        _output.emit(
            found, style, columns=("id", "text", "path", "entity", "label", "metadata"), empty="No items."
        )
    elif id is not None:
        _item(opened, id, kind, style)
    else:
        stats = opened.stats()
        if _output.chosen(style) == "table":
            stats["nothing_fits"] = _unfit(stats["nothing_fits"])
        _output.facts(stats, style)


def _unfit(measured: dict[str, dict[str, Any]]) -> str:
    """How well it is told that nothing fits, in words."""
    if not measured:
        return "not calibrated: too few pictures and texts of the same entities"
    return "; ".join(
        f"{way.replace('-', ' to ')}: of queries with an answer {1 - reached['false_rejects']:.0%} are sure, "
        f"of those without {reached['false_accepts']:.0%}"
        for way, reached in measured.items()
    )


def _item(opened: Collection, identifier: str, kind: str | None, style: str) -> None:
    from tuwen.errors import UnknownName, unknown

    try:
        item = opened.get(_options.kind(kind or "image"), identifier)
    except UnknownName:
        if kind is not None:
            raise
        try:
            item = opened.get("text", identifier)
        except UnknownName as error:
            raise unknown("image or text", identifier, [*opened.ids("image"), *opened.ids("text")]) from error
    values: dict[str, Any] = item.to_dict() | {"origin": item.origin, "missing": item.missing}
    quoted = item.entity.replace("'", "''")
    for side in ("image", "text"):
        others = [
            other.text if side == "text" else other.path
            for other in opened.items(_options.kind(side), f"entity = '{quoted}'")
            if (other.kind, other.id) != (item.kind, item.id)
        ]
        if others:
            values[f"its_{side}s"] = others
    _output.facts(values, style)
