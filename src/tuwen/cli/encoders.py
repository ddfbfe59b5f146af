"""`tuwen encoders`: what encoders there are, and how they do on this machine."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuwen.cli import _options, _output, _progress

if TYPE_CHECKING:
    from tuwen.material import Pairs

_MEASURED = ("encoder", "lang", "width", "params", "MB", "img/s", "txt/s", "ms/query", "runtime")


@click.command(
    epilog="Example:  tuwen encoders --measure mini models/cn-clip --pairs captions.csv --markdown table.md",
    short_help="List encoders, or measure them on this machine.",
)
@click.argument("specs", nargs=-1, metavar="[SPEC]...")
@click.option("--measure", is_flag=True, help="Measure each SPEC, or all that are ready to use.")
@click.option(
    "--pairs", type=_options.PATH, metavar="SOURCE", help="Your pictures and texts: speed on them, and R@k."
)
@click.option("--markdown", "page", type=_options.OUTPUT, metavar="FILE", help="Write the table there too.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0.1, max=3600),
    default=3.0,
    metavar="N",
    help="For each figure of each encoder.  [default: 3]",
)
@_options.style()
def command(
    specs: tuple[str, ...], measure: bool, pairs: Path | None, page: Path | None, seconds: float, style: str
) -> None:
    """List the encoders: what they encode, in which languages, what they need.

    With --measure, a table for this machine: dimension, parameters, peak memory, pictures and texts a
    second from file to vector, milliseconds a query; with --pairs SOURCE also R@1, 5 and 10 both ways, on
    the first 500 pictures. Each encoder runs in a process of its own. Without SPEC these are the encoders
    that need nothing and the models in the models folder.
    """
    if not measure:
        if specs or pairs or page:
            raise click.UsageError("add --measure")
        _list(style)
        return
    with tempfile.TemporaryDirectory(prefix="tuwen-") as folder:
        asked = _pairs(pairs, Path(folder)) if pairs is not None else None
        _measure(specs, asked, page, seconds, style)


def _list(style: str) -> None:
    families, models = _families(), _models()
    columns = ("encoder", "encodes", "languages", "needs", "extra", "about")
    if _output.chosen(style) != "table":
        _output.emit([*families, *models], style, columns=columns)
        return
    for rows in (families, models):
        shown = [{**row, "lang": _languages(row["languages"])} for row in rows]
        _output.emit(shown, "table", columns=("encoder", "encodes", "lang", *columns[3:]), cut="about")
        print()
    _output.note(
        "needs a path: FAMILY:PATH, or the path alone.   needs fitting: tuwen encode --fit.\n"
        "extra: pip install 'tuwen[EXTRA]'.   how they do here: tuwen encoders --measure"
    )


def _languages(words: str) -> str:
    """The first languages, and how many more."""
    first, more = words.split()[:2], len(words.split()) - 2
    return " ".join(first) + (f" +{more}" if more > 0 else "")


def _families() -> list[dict[str, str]]:
    from tuwen import encoders
    from tuwen.errors import MissingExtra

    rows = []
    for name in encoders.names():
        row = dict.fromkeys(("encoder", "encodes", "languages", "needs", "extra", "about"), "")
        row["encoder"] = name
        rows.append(row)
        try:
            kind = encoders.find(name)
        except MissingExtra as error:
            row["about"] = str(error)
            continue
        row["encodes"] = _sides(kind.modalities)
        row["languages"] = " ".join(kind.languages)
        row["needs"], row["extra"] = kind.needs, kind.extra
        row["about"] = (kind.__doc__ or "").strip().split("\n")[0]
    return rows


def _models() -> list[dict[str, str]]:
    """Models that have a short name; those in the models folder are ready."""
    from tuwen import encoders
    from tuwen.encoders.opening import hub, known

    rows = []
    for name in known.names():
        model = known.resolve(name)
        if model is None:
            continue
        kind = encoders.find(model.family)
        ready = (hub.models_folder() / model.hub).is_dir()
        rows.append(
            {
                "encoder": name,
                "encodes": _sides(kind.modalities),
                "languages": " ".join(model.languages),
                "needs": "" if ready else "a download",
                "extra": kind.extra,
                "about": model.note,
            }
        )
    return rows


def _sides(modalities: Iterable[str]) -> str:
    sides = sorted(modalities)
    return "both" if len(sides) > 1 else f"{sides[0]}s"


def _pairs(path: Path, folder: Path) -> Pairs:
    from tuwen.data import open_source
    from tuwen.material import read_pairs

    found = read_pairs(open_source(path), folder)
    pictures = _output.counted(len(found.images), "picture")
    texts = _output.counted(len(found.texts), "text")
    _output.note(f"{found.name}: {pictures}, {texts}" + ("" if found.links else "; without texts no R@k"))
    return found


def _measure(
    specs: Sequence[str], pairs: Pairs | None, page: Path | None, seconds: float, style: str
) -> None:
    from tuwen import encoder_table

    wanted = list(dict.fromkeys(specs)) or encoder_table.default_specs()
    rows: list[dict[str, Any]] = []
    try:
        with _progress.bar("measuring") as report:
            rows.extend(encoder_table.measure(wanted, pairs=pairs, seconds=seconds, progress=report))
    except KeyboardInterrupt:
        _output.note(f"\nStopped after {len(rows)} of {_output.counted(len(wanted), 'encoder')}.")
    if page is not None:
        encoder_table.write_markdown(page, encoder_table.markdown(rows, pairs=pairs, seconds=seconds))
    if _output.chosen(style) != "table":
        _output.emit(rows, style)
    else:
        _tables(rows)
    if page is not None:
        _output.note(f"\n{page}")


def _tables(rows: Sequence[dict[str, Any]]) -> None:
    from tuwen.encoder_table import count_words, number_words, recalls

    good = [row for row in rows if "problem" not in row]
    shown = [
        {
            "encoder": row["encoder"],
            "lang": " ".join(row["languages"]),
            "width": number_words(row["width"]),
            "params": count_words(row["parameters"]),
            "MB": number_words(row["memory_mb"]),
            "img/s": number_words(row.get("images_s")),
            "txt/s": number_words(row.get("texts_s")),
            "ms/query": number_words(row.get("query_ms")),
            "runtime": row["runtime"],
        }
        for row in good
    ]
    _output.emit(
        shown, "table", columns=_MEASURED, right=_MEASURED[2:-1], cut="runtime", empty="None was measured."
    )
    asked = [row for row in good if "text_to_image" in row]
    if asked:
        print()
        figures = [
            {
                "encoder": row["encoder"],
                "text to image R@1/5/10": recalls(row["text_to_image"]),
                "image to text R@1/5/10": recalls(row["image_to_text"]),
            }
            for row in asked
        ]
        _output.emit(figures, "table", right=tuple(figures[0])[1:])
    for row in rows:
        if "problem" in row:
            _output.note(_output.clean(f"{row['encoder']}: {row['problem']}"))
