"""`tuwen index`: bring a collection up to date with folders and tables."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuwen.cli import _options, _output, _progress, _settings

if TYPE_CHECKING:
    from tuwen.collection import Collection
    from tuwen.data import Source
    from tuwen.ingest import Report


@click.command(
    epilog="Example:  tuwen index photos ~/Pictures captions.csv",
    short_help="Take pictures and texts into a collection.",
)
@_options.collection
@click.argument("sources", nargs=-1, type=_options.PATH, metavar="SOURCE...")
@click.option(
    "--encoder", metavar="SPEC", help="What encodes a new collection, or where it lies now.  [default: mini]"
)
@click.option(
    "--method",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Code a new collection by what `tuwen fit` wrote there.",
)
@click.option(
    "--codes", type=click.IntRange(min=8), metavar="BITS", help="Keep hash codes of so many bits too."
)
@click.option(
    "--image-column", metavar="NAME", help="Table column of pictures.  [default: image or the like]"
)
@click.option("--text-column", metavar="NAME", help="Table column of texts.  [default: text or the like]")
@click.option("--id-column", metavar="NAME", help="Table column of ids.  [default: id or the like]")
@click.option(
    "--label-column", metavar="NAME", help="Table column of class names.  [default: label or the like]"
)
@click.option("--pattern", metavar="GLOB", help='Files of a folder, such as "*.jpg" or "!thumbs/*".')
@click.option("--root", type=_options.PATH, help="Where a table's pictures lie.  [default: beside the table]")
@click.option("--retry", is_flag=True, help="Try only what was refused before.")
@click.option(
    "--vanished",
    type=click.Choice(["mark", "delete", "keep"]),
    default="mark",
    help="What to do with items that a source no longer has.  [default: mark]",
)
def command(
    collection: Path,
    sources: tuple[Path, ...],
    encoder: str | None,
    method: Path | None,
    codes: int | None,
    retry: bool,
    vanished: str,
    **columns: Any,
) -> None:
    """Index pictures and texts: the first time makes the collection, later times bring it up to date.

    SOURCE is a folder of pictures, a CSV, TSV, JSONL or Parquet table, a known data set's file, or what
    `tuwen export` wrote. Files that have not changed are not encoded again. What cannot be read is listed
    in the ledger and stops nothing. With --method the vectors, or hash codes, are those of a method that
    `tuwen fit` taught, with the encoders it was fitted on; --encoder says where one of these lies now.
    """
    from tuwen.data import open_source

    if not sources:
        return _move_encoder(collection, encoder)
    exports = [path for path in sources if (path / "collection.json").is_file()]
    # all sources are looked at before anything is made: a wrong column leaves no empty collection
    opened = [open_source(path, **columns) for path in sources if path not in exports]
    target = _target(collection, encoder, method, codes, exports)
    if opened and (runtime := target.encoder.runtime):
        _output.note(f"encoder {target.encoder.name}: {runtime}")
    try:
        for path in exports:
            _output.note(f"{target.import_from(path):,} items from {path}")
        reports = [_take(target, source, retry, vanished) for source in opened]
        target.finish(note=_say)
    except KeyboardInterrupt:
        _output.note("\nStopped. What is done stays; run the same command again to go on.")
        raise click.exceptions.Exit(130) from None
    _summary(collection, target, reports)


def _move_encoder(path: Path, encoder: str | None) -> None:
    from tuwen.collection import Collection

    if encoder is None or not (path / "collection.json").is_file():
        raise click.UsageError("Missing argument 'SOURCE...'.")
    found = Collection.open(path)
    name = found.move_encoder(encoder)
    _output.note(f"{path}: the encoder is found at {name} from now on")


def _target(
    path: Path, encoder: str | None, method: Path | None, codes: int | None, exports: Sequence[Path]
) -> Collection:
    from tuwen.collection import Collection
    from tuwen.encoders import load
    from tuwen.errors import CollectionError
    from tuwen.files import read_json
    from tuwen.head import LEARNED

    if (path / "collection.json").is_file():
        return _there(path, encoder, method, codes)
    if method is None and exports and (exports[0] / LEARNED).is_dir():
        method = exports[0] / LEARNED
    if encoder is None and method is None:
        encoder = read_json(exports[0] / "collection.json")["encoder"] if exports else None
        encoder = encoder or _settings.value("encoder")
    # a method takes the default for nothing said; here it was named
    made = load(encoder) if encoder is not None and method is not None else encoder
    try:
        return Collection.create(path, encoder=made, method=method, codes=codes or 0)
    except CollectionError as error:
        if path.is_dir() and any(path.iterdir()):
            raise CollectionError(f"{error} (the order is: tuwen index COLLECTION SOURCE)") from error
        raise


def _there(path: Path, encoder: str | None, method: Path | None, codes: int | None) -> Collection:
    """A collection that exists; what it was made with stays."""
    from tuwen.collection import Collection
    from tuwen.errors import InputError
    from tuwen.head import LEARNED
    from tuwen.learned import same

    found = Collection.open(path)
    has = found.store.identity
    if method is not None and not (has.method and same(method, path / LEARNED)):
        raise InputError(
            f"{path} was made with {has.encoder or 'no encoder'}, not with the method in {method}: their "
            "vectors do not compare; leave --method out, or index into a new collection"
        )
    if encoder is not None and encoder != has.encoder:
        found.move_encoder(encoder)  # the same encoder in another place; another one is an error
    if codes is not None and codes != has.codes:
        raise InputError(
            f"{path} was made with codes of {has.codes} bits, not {codes}; "
            "leave --codes out, or index into a new collection"
        )
    return found


def _take(target: Collection, source: Source, retry: bool, vanished: Any) -> Report:
    from tuwen.ingest import ingest

    _output.note(source.describe())
    with _progress.bar("indexing") as report:
        return ingest(target, source, retry=retry, vanished=vanished, progress=report)


def _say(step: str) -> None:
    if sys.stderr.isatty():
        _output.note(f"{step} ...")


def _summary(path: Path, target: Collection, reports: Sequence[Report]) -> None:
    for name, tallies in (
        ("images", [report.images for report in reports]),
        ("texts", [report.texts for report in reports]),
    ):
        parts = [
            f"{total:,} {word}"
            for word in ("added", "updated", "moved", "unchanged", "duplicates", "missing", "deleted")
            if (total := sum(getattr(tally, word, 0) for tally in tallies))
        ]
        if parts:
            _output.note(f"{name}: {', '.join(parts)}")
    for kind in ("image", "text"):
        if left := sum(report.left_out.get(kind, 0) for report in reports):
            name = target.store.identity.encoder
            _output.note(f"{_output.counted(left, kind)} left out: {name} does not encode {kind}s")
    if cut := sum(report.cut for report in reports):
        _output.note(
            f"{_output.counted(cut, 'text')} longer than the encoder reads; only the beginning counts"
        )
    seconds = sum(report.seconds for report in reports)
    new = sum(report.added + report.updated for report in reports)
    rate = f", {new / seconds:,.0f} items/s" if new and seconds > 1 else ""
    _output.note(f"{path}: {_output.holds(target)} ({seconds:.1f} s{rate})")
    asked = target.store.identity.codes
    if asked and not target.stats()["codes"]:
        _output.note(
            f"Too few items yet to learn hash codes of {asked} bits from; they come when there are more."
        )
    typed = shlex.quote(str(path))
    refused = [report.refused + report.still_refused for report in reports]
    ledgers = [report.ledger for report in reports if report.ledger is not None]
    if ledgers:
        _output.note(
            f"{_output.counted(sum(refused), 'input')} refused; reasons in {ledgers[-1]}\n"
            f"  see them:   tuwen show {typed} --ledger\n  try again:  the same command with --retry"
        )
    if target.count("image") or target.count("text"):
        words = "text" in target.encoder.modalities if target.store.identity.encoder else False
        question = "一只狗" if words else "--image PICTURE"
        _output.note(f"Next:  tuwen search {typed} {question}")
    else:
        _output.note(
            "Nothing was found to index; name folders of pictures, or tables with pictures and texts."
        )
