"""`tuwen methods`: what methods there are, and how one is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tuwen.cli import _options, _output

if TYPE_CHECKING:
    from tuwen.method_table import About

_COLUMNS = ("method", "family", "gives", "learns_from", "year", "about")


@click.command(
    epilog="Example:  tuwen methods --family hashing --no-labels",
    short_help="List methods that learn from pairs, or describe one.",
)
@click.argument("name", required=False)
@click.option("--family", metavar="NAME", help="Only this family: subspace, hashing, pairwise, ...")
@click.option("--labels/--no-labels", default=None, help="Only those that need classes, or do not.")
@click.option("--gives", type=click.Choice(["vectors", "bits", "scores"]), help="Only those that give these.")
@_options.style()
def command(name: str | None, family: str | None, labels: bool | None, gives: str | None, style: str) -> None:
    """List the methods, or describe one: what it does, its parameters, its paper, an example.

    Vectors and bits index a collection: fit with `tuwen fit`, then `tuwen index --method`. Scores only
    compare given pictures with given texts.
    """
    from tuwen import method_table

    if name is not None:
        if family or labels is not None or gives:
            raise click.UsageError("name a method, or choose among all; not both")
        _describe(method_table.about(name), style)
        return
    found = [
        row.to_dict()
        for row in method_table.table(family)
        if (labels is None or row.needs_labels == labels) and (gives is None or row.gives == gives)
    ]
    if _output.chosen(style) != "table":
        _output.emit(found, style)
        return
    _output.emit(found, "table", columns=_COLUMNS, cut="about", empty="No such method.")
    for reason in method_table.absent().values():
        _output.note(reason)
    if found:
        _output.note(
            "One of them:  tuwen methods NAME    Learn from your pairs:  tuwen fit NAME --pairs FILE -o DIR"
        )


def _describe(found: About, style: str) -> None:
    if _output.chosen(style) != "table":
        _output.facts(found.to_dict() | found.details(), style)
        return
    click.echo(f"{found.name} ({found.family}; gives {found.gives})\n\n{found.text}\n")
    if found.parameters:
        rows: list[dict[str, Any]] = [{**row, "default": str(row["default"])} for row in found.parameters]
        _output.emit(rows, "table", columns=("parameter", "type", "default", "meaning"))
    facts = {
        "needs": found.learns_from,
        "also": "; ".join(_also(found)),
        "paper": f"{found.paper.authors}: {found.paper.title}. {found.paper.venue} {found.paper.year}",
        "link": found.paper.url,
        "example": found.example,
    }
    click.echo()
    _output.facts({key: value for key, value in facts.items() if value}, "table")


def _also(found: About) -> list[str]:
    """What some methods do beyond the others."""
    can = []
    if found.transductive:
        can.append('scores all given items together, as the paper did: similarity(..., mode="transductive")')
    if found.fuses:
        can.append("codes items from both of their sides: database_codes(images, texts)")
    return can
