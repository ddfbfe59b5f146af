"""`tuwen fit`: let a method learn from one's own pairs."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuwen.cli import _options, _output, _progress, _settings, _sources

if TYPE_CHECKING:
    from tuwen.fitting import Fit

_FIGURES = ("map", "hit@1", "hit@5", "hit@10")


@click.command(
    epilog="Example:  tuwen fit cca --pairs captions.csv --text-encoder tfidf --set dim=64 -o fitted",
    short_help="Let a method learn from your own pairs.",
)
@click.argument("method")
@click.option(
    "--pairs",
    required=True,
    metavar="FILE",
    help="Features (.npz, .npy, .mat, .h5, .csv), or pictures and texts (a table, a known layout).",
)
@click.option(
    "-o", "--output", type=_options.PATH, required=True, metavar="DIR", help="Folder for what is learned."
)
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter of METHOD.")
@click.option("--bits", type=int, metavar="N", help="Short for --set bits=N.")
@click.option("--dim", type=int, metavar="N", help="Short for --set dim=N.")
@click.option("--encoder", metavar="SPEC", help="What encodes pictures and texts.  [default: mini]")
@click.option("--image-encoder", metavar="SPEC", help="What encodes pictures.  [default: --encoder]")
@click.option("--text-encoder", metavar="SPEC", help="What encodes texts.  [default: --encoder]")
@click.option("--labels", metavar="NAME", help="Column or array of classes.  [default: label or the like]")
@click.option("--no-check", is_flag=True, help="Hold nothing out; only fit.")
@click.option("--image-column", metavar="NAME", help="Table column of pictures.")
@click.option("--text-column", metavar="NAME", help="Table column of texts.")
@click.option("--id-column", metavar="NAME", help="Table column of ids.")
@click.option("--root", type=_options.PATH, help="Where a table's pictures lie.  [default: beside the table]")
@_options.style()
def command(
    method: str,
    pairs: str,
    output: Path,
    settings: tuple[str, ...],
    bits: int | None,
    dim: int | None,
    encoder: str | None,
    image_encoder: str | None,
    text_encoder: str | None,
    no_check: bool,
    style: str,
    **more: Any,
) -> None:
    """Fit METHOD on pairs of pictures and texts, so that it can code a collection.

    The pairs are a file of features, such as `tuwen encode` writes, or pictures and texts, which are
    encoded first; an encoder that needs fitting (tfidf, ...) learns from these very texts. From 200
    pictures on a tenth is held out and ranked, both ways, beside chance: so you see whether anything was
    learned. Then METHOD is fitted on all, and `tuwen index --method DIR` codes a collection with it.

    `tuwen methods` lists the methods, `tuwen methods METHOD` the parameters of one.
    """
    from tuwen.fitting import fit

    given = _settings_of(settings, bits, dim)
    sides = {"image_encoder": image_encoder or encoder, "text_encoder": text_encoder or encoder}
    if any(sides.values()) and not all(sides.values()):
        sides = {side: spec or _settings.value("encoder") for side, spec in sides.items()}
    with _progress.steps() as progress:
        done = fit(
            method,
            pairs,
            output,
            settings=given,
            check=not no_check,
            progress=progress,
            **sides,
            **{name: value for name, value in more.items() if value is not None},
        )
    _tell(done, pairs, style)


def _settings_of(settings: tuple[str, ...], bits: int | None, dim: int | None) -> dict[str, str]:
    """Parameters as written, each once."""
    given: dict[str, str] = {}
    written = [*settings]
    written += [f"{name}={value}" for name, value in (("bits", bits), ("dim", dim)) if value is not None]
    for setting in written:
        name, sign, value = setting.partition("=")
        if not sign or not name.strip():
            raise click.UsageError(f"--set {setting}: write NAME=VALUE, as in --set dim=64")
        if name.strip() in given:
            raise click.UsageError(f"{name.strip()} is given twice")
        given[name.strip()] = value.strip()
    return given


def _tell(done: Fit, pairs: str, style: str) -> None:
    _sources.tell_refusals(done.refusals)
    for note in done.notes:
        _output.note(note)
    if done.figures:
        others = done.images - done.held_out
        _output.note(
            f"Held out: {_output.counted(done.held_out, 'picture')} with their texts, after a fit on "
            f"{others:,}. map: what is true has the same {done.relevant}; hit@k: a partner is among the "
            "first k."
        )
        _output.figures(done.figures, style, ("direction", "scores", *_FIGURES))
        if not _learned_something(done):
            _output.note(
                f"{done.name} did no better than chance: check that rows belong together, or try other "
                "features or another method"
            )
    images, texts = _output.counted(done.images, "picture"), _output.counted(done.texts, "text")
    _output.note(f"{done.name} fitted on {images} and {texts} in {done.seconds:.1f} s: {done.folder}")
    if course := done.method.course:
        _output.note(_course(course, done.folder))
    folder = shlex.quote(str(done.folder))
    if done.indexes:
        source = pairs if not pairs.endswith(".npz") else "SOURCE"
        _output.note(f"Next:  tuwen index COLLECTION {shlex.quote(source)} --method {folder}")
        return
    use = f"from Python: tuwen.methods.load({str(done.folder)!r})"
    if not hasattr(done.method, "transform"):
        if all(done.encoders):
            use = f"it scores the first hits again: tuwen search COLLECTION QUERY --rerank {folder}"
        _output.note(f"{done.name} scores pairs and gives no vectors: it cannot index a collection; {use}")
    else:
        _output.note(
            "The file does not say which encoder made its features, so new pictures and words cannot be "
            f"encoded for it: it cannot index a collection; {use}"
        )


def _course(course: dict[str, Any], folder: Path) -> str:
    """What training came to, and where its curves are."""
    told = f"Epoch {course['epoch']} of {len(course['loss'])} was kept"
    if course["stopped"]:
        told += f"; training ended early: {course['stopped']}"
    picture = folder / "training.png"
    return f"{told}. Loss and validation by epoch: {picture}" if picture.is_file() else f"{told}."


def _learned_something(done: Fit) -> bool:
    """Whether the method is above chance in both directions, by the figure that means most."""
    by = {(row["direction"], row["scores"]): row["map"] for row in done.figures}
    return all(value > by[direction, "chance"] for (direction, way), value in by.items() if way == done.name)
