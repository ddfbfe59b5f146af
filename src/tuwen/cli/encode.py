"""`tuwen encode`: vectors of a source, as .npz."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuwen.cli import _options, _output, _progress, _settings, _sources
from tuwen.errors import InputError

if TYPE_CHECKING:
    from tuwen.data import Source
    from tuwen.encoders import Encoder
    from tuwen.encoders.fitted import Fitted
    from tuwen.features import Features


@click.command(
    epilog="Example:  tuwen encode captions.csv --encoder tfidf --fit --save-encoder tfidf -o train.npz",
    short_help="Encode a source to vectors, as .npz.",
)
@click.argument("source", type=click.Path(path_type=Path, allow_dash=True))
@click.option("-o", "--output", type=_options.OUTPUT, required=True, help="The .npz file to write.")
@click.option(
    "--encoder",
    default=_settings.default("encoder"),
    metavar="SPEC",
    help="What encodes; see `tuwen encoders`.  [default: mini]",
)
@click.option("--fit", is_flag=True, help="Let the encoder learn from SOURCE first.")
@click.option("--save-encoder", type=_options.PATH, metavar="DIR", help="Keep what --fit learned.")
@click.option("--raw", is_flag=True, help="Keep the rows' lengths; else each is made one.")
@click.option("--parts", is_flag=True, help="Patches of pictures and words of texts, for methods on sets.")
@click.option("--image-column", metavar="NAME", help="Table column of pictures.")
@click.option("--text-column", metavar="NAME", help="Table column of texts.")
@click.option("--id-column", metavar="NAME", help="Table column of ids.")
@click.option("--pattern", metavar="GLOB", help='Files of a folder, such as "*.jpg".')
def command(
    source: Path,
    output: Path,
    encoder: str,
    fit: bool,
    save_encoder: Path | None,
    raw: bool,
    parts: bool,
    **columns: Any,
) -> None:
    """Encode the pictures and texts of a folder or a table to vectors.

    The file holds image_ids, image_vectors, text_ids, text_vectors, encoder and fingerprint; numpy reads
    it, `tuwen match` takes it for queries, and `--encoder stored:FILE.npz` for an encoder.

    An encoder that learns from your items (tfidf, sift, ...) is fitted with --fit and kept with
    --save-encoder; other items are then encoded with --encoder DIR.

    With --parts an item has a row for each of its patches or words, (n, parts, d) float16 as the encoder
    computes them: what `tuwen bench` gives to methods that compare words with regions, such as scan.
    """
    from tuwen import encoders
    from tuwen.data import open_source
    from tuwen.features import encode_source, write_features
    from tuwen.parts import encode_parts, kinds_of_parts

    if save_encoder is not None and not fit:
        raise click.UsageError("--save-encoder keeps what --fit learned; add --fit")
    made = encoders.load(encoder)
    with _sources.spooled(source) as path:
        opened = open_source(path, **columns)
        if fit:
            _fit(made, opened, save_encoder)
        kinds = (kinds_of_parts(made) if parts else []) or sorted(made.modalities)
        for kind in kinds:
            made.encode([], kind)  # not fitted yet? said before anything is read
        if made.runtime:
            _output.note(f"encoder {made.name}: {made.runtime}")
        sides = []
        for kind in kinds:
            with _progress.bar(f"encoding {kind}s") as report:
                if parts:
                    sides.append(encode_parts(opened, made, kind, report))
                else:
                    sides.append(encode_source(opened, made, kind, report, unit=not raw))
    written = [side for side in sides if side.ids]
    if written:
        write_features(output, written, made)
        counts = [_output.counted(len(side.ids), side.kind) for side in written]
        if parts:
            widths = [" parts of width ".join(map(str, side.vectors.shape[1:])) for side in written]
            told = ", ".join(f"{count} of up to {width}" for count, width in zip(counts, widths, strict=True))
        else:
            told = f"{', '.join(counts)} of width {made.width}"
        _output.note(f"{told}: {output}")
    _tell(made, sides)
    if not written:
        known = " or ".join(f"{kind}s" for kind in kinds)
        raise InputError(f"{source} has no {known} that {made.name} can encode")


def _fit(made: Encoder, source: Source, folder: Path | None) -> None:
    from tuwen.encoders.fitted import Fitted
    from tuwen.features import fit_encoder

    if not isinstance(made, Fitted):
        raise click.UsageError(f"{made.name} learns nothing from your items; leave --fit out")
    if made.fitted:
        raise click.UsageError(f"{made.name} is fitted already; leave --fit out, or name its family")
    if folder is not None and folder.exists() and not _may_write(folder, made):
        raise click.UsageError(f"{folder} holds something else; name a new folder for the encoder")
    with _progress.bar(f"fitting {made.name}"):
        count = fit_encoder(source, made)
    fitted = f"{made.name} fitted on {_output.counted(count, made.modality)}"
    if folder is None:
        _output.note(f"{fitted}; --save-encoder DIR would keep it for other items")
        return
    made.save(folder)
    made.name = str(folder.absolute())
    _output.note(f"{fitted}: {folder}")


def _may_write(folder: Path, made: Fitted) -> bool:
    """Whether a folder that is there is empty, or holds an encoder of the same family."""
    from tuwen.files import read_json

    if (folder / "encoder.json").is_file():
        about = read_json(folder / "encoder.json")
        return isinstance(about, dict) and about.get("name") == type(made).__module__.rpartition(".")[2]
    return folder.is_dir() and not any(folder.iterdir())


def _tell(made: Encoder, parts: Sequence[Features]) -> None:
    """What people should know about the rows, each once."""
    if cut := sum(part.cut for part in parts):
        were = "text was" if cut == 1 else "texts were"
        context = getattr(getattr(made, "recipe", None), "context", 0)
        most = f"the {context} tokens that {made.name} reads" if context else f"{made.name} reads"
        _output.note(f"{cut:,} {were} longer than {most}; the rest was not read.")
    for part in parts:
        if blank := int((~part.vectors.any(axis=tuple(range(1, part.vectors.ndim)))).sum()):
            say = "says nothing to {}: a row" if blank == 1 else "say nothing to {}: rows"
            _output.note(f"{_output.counted(blank, part.kind)} {say.format(made.name)} of zeros")
    refusals = list(dict.fromkeys(refusal for part in parts for refusal in part.refusals))
    _sources.tell_refusals(refusals)
