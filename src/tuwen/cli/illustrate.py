"""`tuwen illustrate`: the picture for a headline, the text for a picture."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuwen.cli import _illustrating, _options, _output, _progress, _settings, _sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuwen.collection import Collection
    from tuwen.illustrate.base import Answer
    from tuwen.illustrate.run import Illustrator
    from tuwen.records import Refusal

_COLUMNS = ("query", "rank", "id", "picture", "class", "why", "marks", "text")
_RANKINGS = ("text", "triples", "image", "through", "cross", "own")


@click.command(
    epilog='Example:  tuwen illustrate library --headline "今年夏粮喜获丰收" --html sheet.html',
    short_help="Find the picture for a headline, or the text for a picture.",
)
@click.argument("library", type=_options.PATH)
@click.option(
    "--headline", "headlines", multiple=True, metavar="TEXT", help="A headline; may be given again."
)
@click.option(
    "--picture",
    "pictures",
    type=_options.FILE,
    multiple=True,
    help="A picture that a text is looked for; with --headline, its draft picture.",
)
@click.option(
    "--file",
    "file",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Many headlines: CSV, TSV, JSONL, Parquet, one a line, - for stdin; or a folder of pictures.",
)
@click.option("--text-column", metavar="NAME", help="Column of headlines in --file.  [default: title, ...]")
@click.option("--id-column", metavar="NAME", help="Column of their ids.  [default: id, else numbers]")
@click.option("--class-column", "label_column", metavar="NAME", help="Column of classes.  [default: class]")
@click.option("--class", "label", default="", metavar="NAME", help="Only pictures of this class of news.")
@click.option(
    "--classifier",
    metavar="FOLDER",
    help="Only pictures of the class that this classifier sees in the headline; `library` learns one from "
    "the library's own classes, `none` keeps to no class.  [default: library with --mode paper, else none]",
)
@_options.count(5, "How many pictures a headline.  [default: 5]")
@click.option(
    "--mode",
    type=click.Choice(["fused", "paper"]),
    default="fused",
    help="Fuse all rankings; or keep the nearest pictures that stand among the nearest texts too, as the "
    "paper does.  [default: fused]",
)
@click.option(
    "--text",
    metavar="SPEC",
    help="What compares texts: an encoder, such as doc2vec,variant=dm; `collection` for its own.  "
    "[default: n-grams of characters]",
)
@click.option(
    "--triples",
    metavar="rules|FILE",
    help="Compare texts by who does what to whom too, with --mode paper by that alone: found by rules, or "
    "kept in a file.",
)
@click.option("--image", metavar="SPEC", help="What compares pictures.  [default: the collection's encoder]")
@click.option(
    "--cross",
    metavar="SPEC",
    help="What compares a headline with a picture: an encoder of both, or what tuwen fit wrote.  "
    "[default: the collection's encoder]",
)
@click.option("--own/--no-own", default=True, help="Learn from the library's own pairs what goes together.")
@click.option(
    "--fuse",
    "fusing",
    type=click.Choice(["learned", "reciprocal-rank", "weighted"]),
    default="learned",
    help="How rankings become one.  [default: learned, where there are 200 pairs]",
)
@click.option(
    "--weight",
    "weights",
    multiple=True,
    metavar="NAME=W",
    help=f"How much a ranking counts ({', '.join(_RANKINGS)}); 0 leaves it out.",
)
@click.option(
    "--reach",
    type=click.IntRange(min=1),
    default=50,
    metavar="R",
    help="Length of both lists with --mode paper.  [default: 50]",
)
@click.option("--where", metavar="EXPR", help="Only pictures that fit, such as: year >= 2020")
@click.option("--used", type=_options.FILE, help="CSV of pictures that were used, and when: id,date.")
@click.option(
    "--lately", default="30d", metavar="TIME", help="How long that matters: 30d, 2w, 6m.  [default: 30d]"
)
@click.option("--skip-used", is_flag=True, help="Leave out what was used lately instead of marking it.")
@click.option("--leave-own", is_flag=True, help="Never answer a headline with the item of the same id.")
@click.option(
    "--evaluate",
    type=click.Choice(["rankings", "agreement"]),
    help="Ask nothing; say how good the library's rankings are: by where its own headlines find their "
    "pictures, or by how often nearest pictures and nearest texts meet, with chance (AHR).",
)
@_options.style()
@click.option("--html", "sheet", type=_options.OUTPUT, metavar="FILE", help="Write a sheet with thumbnails.")
@click.option(
    "--open/--no-open", "launch", default=None, help="Open the sheet.  [default: open at a terminal]"
)
def command(
    library: Path,
    style: str,
    sheet: Path | None,
    launch: bool | None,
    file: Path | None,
    used: Path | None,
    evaluate: str | None,
    **how: Any,
) -> None:
    """Find the picture for a headline, or the text for a picture, and say why.

    LIBRARY is a collection that `tuwen index` made of pictures with their texts; or a folder or table of
    these, which is then read each time. Labels are the classes of news. A headline may come with a draft
    picture, which then helps to choose.
    """
    with _sources.spooled(file) if file is not None else _nothing() as path:
        queries, refusals = _illustrating.queries(path, how)
        if not queries and not refusals and evaluate is None:
            raise click.UsageError(
                "nothing to illustrate; give --headline TEXT, --picture FILE or --file FILE"
            )
        _options.spare(sheet, *(query.picture for query in queries if query.picture is not None))
        with _library(library) as collection:
            found = _illustrating.illustrator(collection, how)
            if evaluate is not None:
                _illustrating.measure(found, evaluate, style)
            else:
                options, unread = _illustrating.chosen(found, used, how)
                if how["leave_own"]:
                    queries = _illustrating.without_own(queries, found)
                answers, more = found.ask(queries, options)
                _show(answers, [*refusals, *more], style)
                _illustrating.tell_used(unread)
                if sheet is not None:
                    _write(sheet, answers, [*refusals, *more], found, library, launch)
            _sources.tell_refusals(found.library.refusals)


def _show(answers: Sequence[Answer], left_out: Sequence[Refusal], style: str) -> None:
    from tuwen.illustrate.rows import rows

    shown, style = rows(answers, left_out), _output.chosen(style)
    if style == "table":
        shown = [row | {"picture": Path(row["picture"]).name} for row in shown if row["rank"]]
    _output.emit(shown, style, columns=_COLUMNS, cut="text", empty="No fitting picture.")
    _illustrating.verdicts(answers)
    _sources.tell_refusals(left_out)


@contextmanager
def _nothing() -> Iterator[None]:
    yield None


@contextmanager
def _library(path: Path) -> Iterator[Collection]:
    from tuwen.illustrate.library import opened, refused

    with _progress.bar("reading the library") as report, opened(path, report) as found:
        if not (path / "collection.json").is_file():  # a folder or a table, read for this run
            _sources.tell_refusals(refused(found))
        yield found


def _write(
    path: Path,
    answers: Sequence[Answer],
    refusals: Sequence[Refusal],
    found: Illustrator,
    library: Path,
    launch: bool | None,
) -> None:
    from tuwen import sheet
    from tuwen.illustrate.page import write_page

    collection = found.collection
    write_page(
        path,
        answers,
        size=len(found.library),
        title=f"tuwen illustrate · {library.absolute().name}",
        refusals=refusals,
        draw=lambda choice: sheet.picture_of(collection.get("image", choice.id), collection),
    )
    _output.note(f"Sheet: {path}")
    if launch is None:
        launch = sys.stdout.isatty() and bool(_settings.value("open"))
    if launch:
        import webbrowser

        webbrowser.open(path.absolute().as_uri())
