"""`tuwen illustrate`: the picture for a headline, the text for a picture."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuwen.cli import _options, _output, _progress, _settings, _sources
from tuwen.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuwen.classes import TextClassifier
    from tuwen.collection import Collection
    from tuwen.illustrate.base import Answer, Query
    from tuwen.illustrate.options import Options
    from tuwen.illustrate.run import Illustrator
    from tuwen.records import Refusal
    from tuwen.triples.base import Extractor

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
    **how: Any,
) -> None:
    """Find the picture for a headline, or the text for a picture, and say why.

    LIBRARY is a collection that `tuwen index` made of pictures with their texts; or a folder or table of
    these, which is then read each time. Labels are the classes of news. A headline may come with a draft
    picture, which then helps to choose.
    """
    with _sources.spooled(file) if file is not None else _nothing() as path:
        queries, refusals = _queries(path, how)
        if not queries and not refusals:
            raise click.UsageError(
                "nothing to illustrate; give --headline TEXT, --picture FILE or --file FILE"
            )
        _options.spare(sheet, *(query.picture for query in queries if query.picture is not None))
        with _library(library) as collection:
            _answer(collection, library, queries, refusals, used, style, sheet, launch, how)


def _answer(
    collection: Collection,
    library: Path,
    queries: list[Query],
    refusals: list[Refusal],
    used: Path | None,
    style: str,
    sheet: Path | None,
    launch: bool | None,
    how: dict[str, Any],
) -> None:
    from tuwen.illustrate.rows import rows

    found = _illustrator(collection, how)
    options, unread = _chosen(found, used, how)
    if how["leave_own"]:
        queries = _without_own(queries, found)
    answers, more = found.ask(queries, options)
    left_out = [*refusals, *more]
    size = len(found.library)
    shown, style = rows(answers, left_out), _output.chosen(style)
    if style == "table":
        shown = [row | {"picture": Path(row["picture"]).name} for row in shown if row["rank"]]
    _output.emit(shown, style, columns=_COLUMNS, cut="text", empty="No fitting picture.")
    _verdicts(answers)
    _sources.tell_refusals(left_out)
    _tell_used(unread)
    _sources.tell_refusals(found.library.refusals)
    if sheet is not None:
        _write(sheet, answers, left_out, size, collection, library, launch)


@contextmanager
def _nothing() -> Iterator[None]:
    yield None


@contextmanager
def _library(path: Path) -> Iterator[Collection]:
    from tuwen.illustrate.library import opened

    with _progress.bar("reading the library") as report, opened(path, report) as found:
        yield found


def _queries(path: Path | None, how: dict[str, Any]) -> tuple[list[Query], list[Refusal]]:
    from dataclasses import replace

    from tuwen.illustrate.base import Query
    from tuwen.illustrate.reading import read_queries

    headlines, pictures = how["headlines"], how["pictures"]
    if headlines and pictures and len(headlines) != len(pictures):
        raise click.UsageError(
            f"{len(headlines)} headlines and {len(pictures)} pictures: give each headline its draft picture, "
            "in the same order, or ask for the texts of pictures in a run of their own"
        )
    drafts = pictures if headlines else [None] * len(headlines)
    made = [
        Query(id=str(number), text=text, picture=draft, label=how["label"])
        for number, (text, draft) in enumerate(
            zip(headlines, drafts or [None] * len(headlines), strict=True), start=1
        )
    ]
    if not headlines:
        made = [Query(id=picture.name, picture=picture, label=how["label"]) for picture in pictures]
    if path is None:
        return made, []
    columns = {name: how[name] for name in ("text_column", "id_column", "label_column")}
    read, refusals = read_queries(path, **columns)
    return [*made, *(replace(query, label=query.label or how["label"]) for query in read)], refusals


def _illustrator(collection: Collection, how: dict[str, Any]) -> Illustrator:
    from tuwen.illustrate import spaces
    from tuwen.illustrate.run import Illustrator

    with _progress.bar("preparing the library") as report:
        return Illustrator(
            collection,
            text=how["text"] or spaces.TEXT,
            image=how["image"] or spaces.COLLECTION,
            cross=how["cross"] or spaces.COLLECTION,
            own=how["own"],
            triples=_extractor(how["triples"]),
            classifier=_classifier(how["classifier"]),
            progress=lambda step, done, total: report(done, total),
        )


def _extractor(name: str | None) -> Extractor | None:
    if name is None:
        return None
    from tuwen.triples.given import Recorded
    from tuwen.triples.rules import Rules

    return Rules() if name == "rules" else Recorded.open(name)


def _classifier(name: str | None) -> TextClassifier | None:
    from tuwen import classes
    from tuwen.classes import TextClassifier

    if name in (None, "library", "none"):
        return None
    found = classes.load(Path(name))
    if not isinstance(found, TextClassifier):
        raise InputError(f"{name} classifies vectors, not headlines; fit one on texts")
    return found


def _chosen(found: Illustrator, used: Path | None, how: dict[str, Any]) -> tuple[Options, list[Refusal]]:
    from datetime import date

    from tuwen.illustrate.options import Options
    from tuwen.illustrate.reading import read_used, span

    today = date.today()
    days, unread = read_used(used, found.library, today) if used is not None else ({}, [])
    guess = how["classifier"] not in (None, "none")
    if how["classifier"] is None and how["mode"] == "paper":
        guess = len(set(found.library.classes) - {""}) > 1
    options = Options(
        **{name: how[name] for name in ("mode", "k", "reach", "fusing", "where", "skip_used")},
        weights=_weights(how["weights"]),
        guess=guess,
        used=days,
        lately=span(how["lately"]),
        today=today,
    )
    return options, unread


def _weights(given: Sequence[str]) -> dict[str, float]:
    made = {}
    for text in given:
        name, _, value = text.partition("=")
        try:
            made[name.strip()] = float(value)
        except ValueError as error:
            raise click.UsageError(f"--weight {text} is no weight; write NAME=W, such as text=0.5") from error
    return made


def _without_own(queries: list[Query], found: Illustrator) -> list[Query]:
    from dataclasses import replace

    known = set(found.library.ids)
    return [replace(query, leave_out=query.id if query.id in known else "") for query in queries]


def _verdicts(answers: Sequence[Answer]) -> None:
    from tuwen.illustrate.rows import thing

    for answer in answers:
        looked_for = thing(answer)
        if not answer.choices:
            _output.note(f"{answer.query.id}: no fitting {looked_for}")
        elif answer.fits is False:
            _output.note(f"{answer.query.id}: no fitting {looked_for}; these are only the nearest")


def _tell_used(refusals: Sequence[Refusal]) -> None:
    if refusals:
        _output.note(f"{_output.counted(len(refusals), 'line')} of --used passed over:")
        for refusal in refusals[:3]:
            _output.note(_output.clean(f"  {refusal.reason}"))


def _write(
    path: Path,
    answers: Sequence[Answer],
    refusals: Sequence[Refusal],
    size: int,
    collection: Collection,
    library: Path,
    launch: bool | None,
) -> None:
    from tuwen import sheet
    from tuwen.illustrate.page import write_page

    write_page(
        path,
        answers,
        size=size,
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
