"""`tuwen search`: ask a collection by words, by a picture, or by both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tuwen.cli import _options, _settings

# a word such as -人 travels through click's parser behind this sign, which no argument can hold
_MARK = "\0"


class _Search(click.Command):
    """A command that takes words beginning with `-` for negative words when they are no option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Mark the negative words, then parse as usual."""
        return super().parse_args(ctx, _marked(args, [p for p in self.params if isinstance(p, click.Option)]))


def _marked(arguments: list[str], options: list[click.Option]) -> list[str]:
    valued = {name for option in options if not option.is_flag for name in option.opts}
    short = {name for option in options for name in option.opts if not name.startswith("--")} | {"-h"}
    marked: list[str] = []
    is_value = False
    for position, word in enumerate(arguments):
        if word == "--":
            return marked + arguments[position:]
        # -k 5 and -k5 are the option; -people, -kites and -人 are words
        known = word in short or any(word.startswith(name) and word[2:].isdecimal() for name in short)
        if not is_value and len(word) > 1 and word[0] == "-" and word[1] != "-" and not known:
            word = _MARK + word
        is_value = not is_value and word in valued
        marked.append(word)
    return marked


@click.command(
    cls=_Search,
    epilog='Example:  tuwen search photos "海边的狗 -人" -k 5 --where "year >= 2020"',
    short_help="Ask by words, by a picture, or by both.",
)
@_options.collection
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[QUERY]...")
@click.option("--image", type=_options.FILE, multiple=True, help="Ask with a picture; may be given again.")
@_options.wanted
@_options.count(_settings.default("k"), "How many hits.  [default: 10]")
@click.option(
    "--offset", type=click.IntRange(min=0), default=0, metavar="N", help="Leave out the first N hits."
)
@click.option("--where", metavar="EXPR", help="Only items that fit, such as: label = 'dog' and year > 2020")
@click.option("--min-score", type=float, metavar="S", help="Only hits that score at least this.")
@click.option("--hybrid", is_flag=True, help="Join the words' own full-text matches with the vectors'.")
@click.option("--group", is_flag=True, help="One hit an entity.")
@click.option(
    "--diversity",
    type=click.FloatRange(0, 1),
    default=0.0,
    metavar="0..1",
    help="How much hits should differ from each other.",
)
@click.option("--exact", is_flag=True, help="Compare with every item, without an index.")
@click.option("--codes", is_flag=True, help="Search the binary codes, then reorder by vectors.")
@_options.rerank
@click.option(
    "--fuse", type=_options.PATH, metavar="FOLDER", help="Join picture and words by what tuwen fuse learned."
)
@_options.style("html")
@click.option(
    "--html", "sheet", type=_options.OUTPUT, metavar="FILE", help="Write an HTML sheet with thumbnails."
)
@click.option(
    "--open/--no-open",
    "launch",
    default=None,
    help="Open the sheet that --html wrote.  [default: open at a terminal]",
)
@click.option("--thumbnails/--no-thumbnails", default=True, help="Show pictures in terminals that can.")
def command(
    collection: Path,
    words: tuple[str, ...],
    image: tuple[Path, ...],
    wanted: str | None,
    style: str,
    sheet: Path | None,
    launch: bool | None,
    thumbnails: bool,
    **how: Any,
) -> None:
    """Search a collection by words, by a picture, or by both.

    The words are one query. A word that begins with - is what the hits should not have: 海滩 -人.
    """
    from tuwen.cli import _answers

    text = " ".join(word.removeprefix(_MARK) for word in words).strip()
    if not text and not image:
        raise click.UsageError("nothing to search for; give words, --image FILE, or both")
    if sheet is not None:
        _options.spare(sheet, *image)
    opened = _options.opened(collection)
    results = opened.search(_query(text, image), kind=_options.wanted_kind(wanted, opened), **how)
    asked = _answers.Asked(text=text, images=image, collection=opened)
    _answers.show(results, asked, style, sheet=sheet, launch=launch, thumbnails=thumbnails)


def _query(text: str, images: tuple[Path, ...]) -> Any:
    from tuwen.query import Part, Query, parse_query

    words = parse_query(text).parts if text else ()
    return Query(parts=(*words, *(Part(image=image) for image in images)))
