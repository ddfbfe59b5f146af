"""`tuwen explain`: why a picture matches a question, and which parts of it count."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuwen.cli import _options, _output

if TYPE_CHECKING:
    from tuwen.heat import Heat

_SHADES = "·░▒▓█"


@click.command(
    epilog='Example:  tuwen explain photos IMG_0012 "a red boat" -o heat.png',
    short_help="Say which parts of a picture count.",
)
@_options.collection
@click.argument("id")
@click.argument("words", required=False, metavar="[QUERY]")
@click.option("--image", type=_options.FILE, multiple=True, help="Ask with a picture; may be given again.")
@click.option(
    "-o", "--output", type=_options.OUTPUT, metavar="FILE", help="Draw it over the picture, as PNG."
)
@click.option(
    "--how",
    type=click.Choice(["auto", "occlusion", "patches"]),
    default="auto",
    help="Cover parts in turn, or compare patches.  [default: patches where they are exact]",
)
@_options.style()
def command(
    collection: Path,
    id: str,
    words: str | None,
    image: tuple[Path, ...],
    output: Path | None,
    how: str,
    style: str,
) -> None:
    """Say which parts of a picture count for a question, and its score with each part of the question alone.

    By occlusion, parts of the picture are covered in turn and the fall of the score is noted: 50 pictures
    are encoded. A strength of some thousandths means that the picture counts as a whole.
    """
    from tuwen import heat
    from tuwen.query import Part, Query, parse_query

    if not words and not image:
        raise click.UsageError("nothing to explain; give words, --image FILE, or both")
    opened = _options.opened(collection)
    _options.spare(output, *image, Path(opened.get("image", id).path))
    query = Query(parts=(*(parse_query(words).parts if words else ()), *(Part(image=each) for each in image)))
    picture = heat.stored_picture(opened, id)
    found = heat.heat(opened, picture, query, how=how)
    style = _output.chosen(style)
    told: dict[str, Any] = {
        "id": id,
        "query": str(query),
        "score": round(found.score, 4),
        "how": found.how,
        "most": found.most(),
        "strength": round(found.strength, 4),
    }
    if len(query.parts) > 1:
        told["alone"] = {part: round(score, 4) for part, score in heat.alone(opened, id, query).items()}
    if style == "table":
        _output.facts(told | {"most": told["most"] or "no part stands out"}, style)
        _draw(found)
    else:
        _output.facts(told | {"heat": found.values.astype(float).round(4).tolist()}, style)
    if output is not None:
        found.over(picture).save(output, format="PNG")
        _output.note(f"Drawing: {output}")


def _draw(found: Heat) -> None:
    """The heat as shades, two signs a cell."""
    for row in found.shares():
        click.echo("  " + "".join(2 * _SHADES[round(share * (len(_SHADES) - 1))] for share in row.tolist()))
