"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from tuwen.cli import _settings

if TYPE_CHECKING:
    from tuwen.collection import Collection

Decorated = Callable[..., Any]

PATH = click.Path(path_type=Path)
FILE = click.Path(path_type=Path, dir_okay=False)


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
        show_default="table on a terminal, else jsonl",
        help="How results are printed.",
    )


def wanted(function: Decorated) -> Decorated:
    """The option --for, what to look for."""
    return click.option(
        "--for",
        "wanted",
        type=click.Choice(["images", "texts"]),
        default=None,
        help="What to look for.  [default: images for words, texts for --image if there are any]",
    )(function)


def count(default: Any, shown: str, text: str) -> Callable[[Decorated], Decorated]:
    """The option -k."""
    return click.option(
        "-k", "k", type=click.IntRange(min=1), default=default, show_default=shown, help=text, metavar="N"
    )


def opened(path: Path, *, write: bool = False) -> Collection:
    """Open a collection."""
    from tuwen.collection import Collection

    return Collection.open(path, write=write)


def kind(wanted: str) -> Literal["image", "text"]:
    """`images` as `image`, `texts` as `text`."""
    return "image" if wanted == "images" else "text"
