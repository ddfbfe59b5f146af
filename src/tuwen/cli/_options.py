"""Arguments and options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuwen.cli import _settings

if TYPE_CHECKING:
    from tuwen.arrays import Modality
    from tuwen.collection import Collection

Decorated = Callable[..., Any]


class Output(click.Path):
    """A file to write; a folder that is not there is an error at once, not after the work."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, dir_okay=False, writable=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, when a file can be written there."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if not path.absolute().parent.is_dir():
            self.fail(f"the folder {path.parent} is not there; make it first", param, ctx)
        return path


PATH = click.Path(path_type=Path)
FILE = click.Path(path_type=Path, dir_okay=False)
OUTPUT = Output()
_COUNT = click.IntRange(min=1)


def collection(function: Decorated) -> Decorated:
    """The argument COLLECTION, a folder."""
    return click.argument("collection", type=click.Path(path_type=Path, file_okay=False))(function)


def style(*more: str) -> Callable[[Decorated], Decorated]:
    """The option --format; `more` are formats beside table, json, jsonl and csv."""
    return click.option(
        "--format",
        "style",
        type=click.Choice(["auto", "table", "json", "jsonl", "csv", *more]),
        default=_settings.default("format"),
        help="How results are printed.  [default: table on a terminal, else jsonl]",
    )


def wanted(function: Decorated) -> Decorated:
    """The option --for, what to look for."""
    return click.option(
        "--for",
        "wanted",
        type=click.Choice(["images", "texts"]),
        default=None,
        help="What to look for.  [default: images]",
    )(function)


def rerank(function: Decorated) -> Decorated:
    """The options --rerank, --depth and --rerank-weight."""
    for option in (
        click.option(
            "--rerank-weight",
            type=click.FloatRange(min=0),
            default=None,
            metavar="W",
            help="How much the second stage counts beside the first.  [default: 2]",
        ),
        click.option(
            "--depth",
            type=_COUNT,
            default=100,
            metavar="N",
            help="Hits that --rerank scores.  [default: 100]",
        ),
        click.option(
            "--rerank",
            metavar="FOLDER",
            help="Score the first hits again: a fitted method, a matching head, or BLIP, BLIP-2 or ViLT.",
        ),
    ):
        function = option(function)
    return function


def count(default: Any, text: str) -> Callable[[Decorated], Decorated]:
    """The option -k."""
    # what click would add about the range is in the name
    return click.option("-k", "k", type=_COUNT, default=default, metavar="N", help=text)


def spare(output: Path | None, *inputs: Path) -> None:
    """Refuse to write over a file that is read."""
    for path in inputs:
        if output is not None and output.exists() and path.exists() and output.samefile(path):
            raise click.UsageError(f"{output} is what is asked with; write the answer to another file")


def opened(path: Path) -> Collection:
    """Open a collection."""
    from tuwen.collection import Collection

    return Collection.open(path)


def kind(wanted: str) -> Modality:
    """`images` as `image`, `texts` as `text`."""
    return "image" if wanted.startswith("image") else "text"


def other(kind: Modality) -> Modality:
    """The other side."""
    return "text" if kind == "image" else "image"


def wanted_kind(wanted: str | None, collection: Collection) -> Modality:
    """What to look for: as told, else images, or texts where there are no images."""
    if wanted is not None:
        return kind(wanted)
    return "image" if collection.count("image") or not collection.count("text") else "text"
