"""`tuwen fuse`: learn how a picture and words ask together."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuwen.cli import _options, _output, _progress, _sources

if TYPE_CHECKING:
    from tuwen.fusion.learning import Fused

_FIGURES = ("mrr", "hit@1", "hit@5", "hit@10")


@click.command(
    epilog="Example:  tuwen fuse changes.csv --target-column wanted --collection photos -o fused",
    short_help="Learn how a picture and words ask together.",
)
@click.argument("pairs")
@click.option(
    "-o", "--output", type=_options.PATH, required=True, metavar="DIR", help="Folder for what is learned."
)
@click.option(
    "--collection",
    type=_options.PATH,
    metavar="DIR",
    help="Learn in the space of a collection, by its encoder.",
)
@click.option("--encoder", metavar="SPEC", help="The same of an encoder of both sides.  [default: mini]")
@_options.wanted
@click.option("--target-column", metavar="NAME", help="Table column of what the question should find.")
@click.option(
    "--head",
    "heads",
    type=click.Choice(["sum", "product", "mlp", "attention"]),
    multiple=True,
    help="Only these ways to join both; may be given again.  [default: all, and the best is kept]",
)
@click.option("--epochs", type=click.IntRange(min=1), metavar="N", help="At most.  [default: 60]")
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Of the draws.  [default: 0]")
@click.option("--labels", metavar="NAME", help="Column or array of classes.  [default: label or the like]")
@click.option("--image-column", metavar="NAME", help="Table column of pictures.")
@click.option("--text-column", metavar="NAME", help="Table column of texts.")
@click.option("--root", type=_options.PATH, help="Where a table's pictures lie.  [default: beside the table]")
@_options.style()
def command(
    pairs: str,
    output: Path,
    collection: Path | None,
    encoder: str | None,
    wanted: str | None,
    heads: tuple[str, ...],
    epochs: int | None,
    seed: int | None,
    style: str,
    **more: Any,
) -> None:
    """Learn from PAIRS how a picture and words become one question: `tuwen search --fuse DIR`.

    PAIRS is a table whose rows have a picture, words, and what both together should find
    (--target-column): a shirt, "the same in blue", the blue shirt. Or it is a table, or a file of features,
    of pictures and texts alone. Then a picture and one of its texts ask for its other texts (--for
    texts), or for the other pictures of the same text or class (--for images).

    Four ways to join both are tried, each begins as the plain sum. A tenth of the questions chooses, another
    tenth is scored once: beside the picture alone, the words alone and the plain sum.
    """
    from tuwen.fusion.learning import learn

    if collection is not None and encoder is not None:
        raise click.UsageError("--collection has an encoder of its own; leave --encoder out")
    settings = {name: value for name, value in (("epochs", epochs), ("seed", seed)) if value is not None}
    with _progress.steps() as progress:
        done = learn(
            pairs,
            output,
            encoder=encoder if collection is None else _options.opened(collection).encoder,
            kind=_options.kind(wanted or "images"),
            heads=heads,
            settings=settings,
            progress=progress,
            **{name: value for name, value in more.items() if value is not None},
        )
    _tell(done, style)


def _tell(done: Fused, style: str) -> None:
    _sources.tell_refusals(done.refusals)
    for note in done.notes:
        _output.note(note)
    learned, chosen, scored = done.questions
    _output.note(
        f"Learned from {_output.counted(learned, 'question')}; {chosen:,} chose, {scored:,} are scored here: "
        "the place of the first right item. hit@k: it is among the first k; mrr: mean of 1 / place."
    )
    _output.figures(done.figures, style, ("asked by", *_FIGURES))
    tried = ", ".join(f"{name} {value:.4f}" for name, value in done.tried.items())
    _output.note(f"mrr of the questions that chose: {tried}")
    if not done.fusion.course["epoch"]:
        _output.note("Nothing was better than the plain sum, so that is what was kept.")
    elif done.fusion.course["stopped"] and "no better" not in done.fusion.course["stopped"]:
        _output.note(f"Training ended early: {done.fusion.course['stopped']}")
    folder = shlex.quote(str(done.folder))
    side = " --for texts" if done.kind == "text" else ""
    _output.note(f"Next:  tuwen search COLLECTION{side} --image PICTURE WORDS --fuse {folder}")
