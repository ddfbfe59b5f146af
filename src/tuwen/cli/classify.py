"""`tuwen classify`: classes of texts."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuwen.cli import _options, _output, _progress, _sources

if TYPE_CHECKING:
    from tuwen.classes.scores import Scored


@click.command(
    epilog="Example:  tuwen classify titles.csv --fit --model news",
    short_help="Learn classes of titles and other short texts, and give them.",
)
@click.argument("source", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--model", type=_options.PATH, required=True, metavar="DIR", help="Folder of the classifier.")
@click.option("--fit", is_flag=True, help="Learn from SOURCE, measure, and write the classifier.")
@click.option("--test", type=_options.FILE, metavar="FILE", help="With --fit: labelled texts to measure on.")
@click.option("--no-check", is_flag=True, help="With --fit: hold nothing out; only fit.")
@click.option("--labels", metavar="NAME", help="Column of classes.  [default: label, class or the like]")
@click.option("--text-column", metavar="NAME", help="Column of texts.  [default: text, title or the like]")
@click.option("--why", is_flag=True, help="Tell which characters spoke for the class.")
@click.option("--score", "only_score", is_flag=True, help="Print how well known classes are found instead.")
@click.option("-o", "--output", type=_options.OUTPUT, help="Write the classes to a .csv or .jsonl file.")
@_options.style()
def command(
    source: Path,
    model: Path,
    fit: bool,
    test: Path | None,
    no_check: bool,
    why: bool,
    only_score: bool,
    output: Path | None,
    style: str,
    **columns: Any,
) -> None:
    """Learn the classes of texts from a table with --fit, or give classes to the texts of SOURCE.

    The classifier weighs runs of characters, so it needs no dictionary and takes any language; it learns tens
    of thousands of titles in under a minute, without a network. A tenth is held out to measure it, or all of
    --test. A text network that `tuwen train --task classify` wrote is asked in the same way.

    SOURCE is a CSV, TSV, JSONL or Parquet file with a column of texts (and of classes), a text file with one
    text a line, or - for stdin.
    """
    if fit:
        if why or only_score or output is not None:
            raise click.UsageError("--fit writes the classifier alone; ask it in a second call")
        _fit(source, model, test, no_check, style, columns)
        return
    if test is not None or no_check:
        raise click.UsageError("--test and --no-check go with --fit")
    _ask(source, model, why, only_score, output, style, columns)


def _fit(
    source: Path, model: Path, test: Path | None, no_check: bool, style: str, columns: dict[str, Any]
) -> None:
    from tuwen.classifying import SHARE, learn

    if test is not None and no_check:
        raise click.UsageError("--no-check and --test exclude each other")
    with _sources.spooled(source) as path, _progress.bar("fitting"):
        done = learn(path, model, test=test, share=0.0 if no_check else SHARE, **columns)
    _sources.tell_refusals(done.refusals)
    for note in done.notes:
        _output.note(note)
    if done.scored is not None:
        _tell(done.scored, "Held out" if test is None else str(test), style)
    _output.note(
        f"{_output.counted(done.texts, 'text')} of {len(done.classifier.classes_)} classes learned in "
        f"{done.seconds:.1f} s: {model}"
    )
    _output.note(f"Next:  tuwen classify FILE --model {shlex.quote(str(model))}")


def _ask(
    source: Path,
    model: Path,
    why: bool,
    only_score: bool,
    output: Path | None,
    style: str,
    columns: dict[str, Any],
) -> None:
    from tuwen.classifying import FORMS, classify, write

    if output is not None and output.suffix.lower() not in FORMS:
        raise click.UsageError(f"{output} must end with {' or '.join(FORMS)}")
    _options.spare(output, source)
    with _sources.spooled(source) as path, _progress.bar("classifying"):
        found = classify(path, model, why=5 if why else 0, **columns)
    _sources.tell_refusals(found.refusals)
    if only_score and found.scored is None:
        raise click.UsageError(f"{source} names no classes to measure against; say which with --labels")
    if output is not None:
        write(found, output)
        _output.note(f"{_output.counted(len(found.texts), 'text')}: {output}")
    if only_score and found.scored is not None:
        _tell(found.scored, str(source), style)
    elif output is None:
        _output.emit(list(found.rows()), style, columns=("class", "probability", "label", "text", "why"))
    if found.scored is not None and not only_score:
        _output.note(f"{found.scored.accuracy:.4f} of {found.scored.items:,} are as {source} says")


def _tell(scored: Scored, where: str, style: str) -> None:
    """Accuracy on stderr; a row a class on stdout, and what it was taken for."""
    _output.note(
        f"{where}: {_output.counted(scored.items, 'text')}, accuracy {scored.accuracy:.4f}, "
        f"mean F1 {scored.macro_f1:.4f}; probabilities are off by {scored.calibration_error:.3f} (ECE), "
        f"log loss {scored.log_loss:.3f}"
    )
    rows = scored.rows()
    if _output.chosen(style) != "table":
        for row, counts in zip(rows, scored.counts.tolist(), strict=True):
            row["confusion"] = dict(zip(scored.classes, counts, strict=True))
        _output.emit(rows, style)
        return
    _output.emit(rows, style, columns=tuple(rows[0]))
    numbers = [str(number) for number in range(1, len(rows) + 1)]
    matrix = [
        {"true": f"{number} {name}", **dict(zip(numbers, counts, strict=True))}
        for number, name, counts in zip(numbers, scored.classes, scored.counts.tolist(), strict=True)
    ]
    print("\nTexts of each class by the class they were given:\n")
    _output.emit(matrix, style, columns=tuple(matrix[0]))
