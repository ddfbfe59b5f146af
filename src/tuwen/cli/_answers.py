"""What search and similar print: a table with pictures, machine formats, an HTML sheet."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuwen.cli import _output, _settings, _sources

if TYPE_CHECKING:
    from PIL import Image

    from tuwen.collection import Collection
    from tuwen.results import Results

_COLUMNS = ("rank", "score", "rerank_score", "id", "text", "path", "label", "metadata")


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked, and of which collection."""

    text: str
    images: tuple[Path, ...]
    collection: Collection


def show(
    results: Results, asked: Asked, style: str, *, sheet: Path | None, launch: bool | None, thumbnails: bool
) -> None:
    """Print results in a format; write and open a sheet when asked to."""
    style = _output.chosen(style)
    if style == "html":
        sys.stdout.write(_page(results, asked))
    else:
        if style == "table" and thumbnails and results.kind == "image":
            _pictures(results, asked)
        found = results.to_dicts()
        if style == "table":
            found = [
                row | {"path": _output.near(row.get("path", "")), "metadata": _pairs(row)} for row in found
            ]
        _output.emit(found, style, columns=_COLUMNS, empty="No hits.")
    _verdict(results, asked.collection)
    if results.rerank_ms is not None:
        _output.note(f"reranked in {results.rerank_ms:.0f} ms of {1000 * results.seconds:.0f} ms")
    _sources.tell_unscored(results.unscored)
    if sheet is not None:
        _write(sheet, results, asked, launch)


def _pairs(row: dict[str, Any]) -> str:
    return " ".join(f"{name}={_output.plain(value)}" for name, value in row["metadata"].items())


def _verdict(results: Results, collection: Collection) -> None:
    if not collection.count(results.kind):
        typed = shlex.quote(str(collection.path))
        _output.note(f"{collection.path} has no {results.kind}s; add some with: tuwen index {typed} SOURCE")
    elif results.fits is False and len(results):
        _output.note("Nothing in this collection fits the query well; these are only the nearest.")
    elif results.fits is False:
        _output.note("Nothing in this collection fits the query.")


def _pictures(results: Results, asked: Asked) -> None:
    from tuwen import sheet
    from tuwen.cli import _terminal

    setting = _settings.value("thumbnails")
    if _terminal.protocol(sys.stdout, os.environ, setting) is None:
        return
    ranked: list[tuple[int, Image.Image | None]] = [
        (hit.rank, sheet.picture_of(hit, asked.collection)) for hit in results
    ]
    _terminal.show(ranked, sys.stdout, setting)


def _page(results: Results, asked: Asked) -> str:
    from tuwen import sheet

    return sheet.page(
        [_section(results, asked)],
        title=_title(asked),
        draw=lambda hit: sheet.picture_of(hit, asked.collection),
    )


def _write(path: Path, results: Results, asked: Asked, launch: bool | None) -> None:
    from tuwen import sheet

    sheet.write_sheet(
        path,
        [_section(results, asked)],
        title=_title(asked),
        draw=lambda hit: sheet.picture_of(hit, asked.collection),
    )
    _output.note(f"Sheet: {path}")
    if launch is None:
        launch = sys.stdout.isatty() and _settings.value("open")
    if launch:
        import webbrowser

        webbrowser.open(path.absolute().as_uri())


def _section(results: Results, asked: Asked) -> Any:
    from tuwen import sheet

    return sheet.Section(
        query=asked.text or ", ".join(path.name for path in asked.images),
        hits=results.hits,
        image=asked.images[0] if asked.images else None,
        fits=results.fits,
        probability=results.probability,
    )


def _title(asked: Asked) -> str:
    return f"tuwen · {asked.collection.path.name}"
