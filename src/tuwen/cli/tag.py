"""`tuwen tag`: words for pictures."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuwen.cli import _options, _output, _progress, _sources

if TYPE_CHECKING:
    from tuwen.tag import Evaluation, Tagged, Vocabulary

_HELD_OUT = 0.3


@click.command(
    epilog="Example:  tuwen tag photos --labels dog,cat,beach --to tag",
    short_help="Choose tags for the pictures of a collection.",
)
@_options.collection
@click.option("--labels", metavar="FILE|NAMES", help="A file with a label a line, or names with commas.")
@click.option(
    "--examples", metavar="FILE|KEY", help="Labelled pictures: a table of id and label, label, or a key."
)
@click.option(
    "--method",
    type=click.Choice(["zero-shot", "probe", "neighbours", "both"]),
    help="How labels are found.  [default: probe with --examples, else zero-shot]",
)
@click.option(
    "--classifier",
    type=click.Path(path_type=Path, exists=True),
    metavar="DIR",
    help="Of tuwen train --task classify.",
)
@click.option("--templates", type=_options.FILE, metavar="FILE", help="Prompts, one a line, with {} in each.")
@click.option("--threshold", type=click.FloatRange(0, 1), metavar="P", help="Probability a label needs.")
@click.option(
    "--most",
    type=click.IntRange(min=1),
    default=1,
    metavar="N",
    help="Labels a picture may have.  [default: 1]",
)
@click.option("--where", metavar="FILTER", help="Tag only pictures that a filter keeps.")
@click.option("--evaluate", is_flag=True, help="Hold examples out and measure on them first.")
@click.option(
    "--held-out", type=click.FloatRange(0, 1, min_open=True), metavar="SHARE", help="Of them.  [default: 0.3]"
)
@click.option("--seed", type=int, default=0, metavar="N", help="Of what is held out.  [default: 0]")
@click.option("--to", "key", metavar="KEY", help="Write tags into the pictures' metadata, for filters.")
@click.option("-o", "--output", type=_options.OUTPUT, help="Write tags to a .csv, .json or .jsonl file.")
@click.option("--report", type=_options.OUTPUT, metavar="FILE", help="Write a page (.html) with thumbnails.")
@_options.style()
def command(
    collection: Path,
    labels: str | None,
    examples: str | None,
    templates: Path | None,
    evaluate: bool,
    held_out: float | None,
    key: str | None,
    output: Path | None,
    report: Path | None,
    style: str,
    **how: Any,
) -> None:
    """Choose tags for the pictures of COLLECTION.

    With --labels alone, pictures are compared with the labels' words in Chinese and English prompts; a label
    file may be a tree by indentation or above/below, and name = words, more words says what stands for a
    name. With --examples, a probe or the nearest neighbours learn from labelled pictures: a table, or the
    label or a metadata key of the collection's own items. --method both joins words and examples; with
    --method zero-shot, examples only calibrate. With --classifier, a trained one is asked about the vectors
    or the texts of the pictures, and --examples only measure it.

    Without --to and -o the tags are printed.
    """
    from tuwen.tag import TEMPLATES, check_key, keep, read_templates, tag, write

    if held_out is not None and not evaluate:
        raise click.UsageError("--held-out goes with --evaluate")
    if output is not None and output.suffix.lower() not in (".csv", ".json", ".jsonl"):
        raise click.UsageError(f"{output} must end with .csv, .json or .jsonl")
    by_words = how["method"] in ("zero-shot", "both") if how["method"] else not examples
    if templates is not None and (how["classifier"] is not None or not by_words):
        raise click.UsageError("--templates are for words: they go with --method zero-shot or both")
    if key is not None:
        check_key(key)
    prompts, refusals = read_templates(templates) if templates else (TEMPLATES, [])
    opened = _options.opened(collection)
    with _progress.bar("tagging") as progress:
        done = tag(
            opened,
            _vocabulary(labels),
            examples=examples,
            templates=prompts,
            held_out=(held_out or _HELD_OUT) if evaluate else 0.0,
            progress=progress,
            **how,
        )
    done.refusals[:0] = refusals
    _sources.tell_refusals(done.refusals)
    for note in done.notes:
        _output.note(note)
    if done.evaluation is not None:
        _tell(done.evaluation, done, style)
    if output is not None:
        write(done, output)
    if report is not None:
        from tuwen.tag.page import write_page

        write_page(report, done, opened)
        _output.note(f"Report: {report}")
    if key is not None:
        keep(opened, done, key)
    _finish(done, collection, key, output, style)


def _vocabulary(labels: str | None) -> Vocabulary | None:
    from tuwen.errors import InputError
    from tuwen.tag import Vocabulary

    if labels is None:
        return None
    if Path(labels).is_file():
        return Vocabulary.read(labels)
    if "," not in labels and re.search(r"[/\\]|\.\w{1,4}$", labels):
        raise InputError(f"{labels} is not there; name a file with a label a line, or names with commas")
    return Vocabulary.of(re.split(r"[,，]", labels), "--labels")


def _tell(found: Evaluation, done: Tagged, style: str) -> None:
    figures = found.figures
    told = f"Held out: {_output.counted(len(found.ids), 'picture')}. "
    if done.many:
        told += f"All labels right {figures['accuracy']:.3f}, micro F1 {figures['micro_f1']:.3f}"
    else:
        told += f"Accuracy {figures['accuracy']:.3f} (95 %: {figures['low']:.3f} to {figures['high']:.3f}), "
        told += (
            f"mean over labels {figures['balanced']:.3f}; the commonest label alone {figures['chance']:.3f}"
        )
    if figures["tagged"] < 1:
        told += f"; {figures['tagged']:.3f} got a label"
    _output.note(told + ".")
    _output.figures(found.labels, style)


def _finish(done: Tagged, collection: Path, key: str | None, output: Path | None, style: str) -> None:
    from tuwen.tag.writing import rows

    if key is None and output is None and done.evaluation is None:
        _output.emit(list(rows(done)), style, columns=("id", "rank", "tag", "probability"))
    got = sum(1 for tags in done.tags if tags)
    _output.note(f"{_output.counted(len(done.ids), 'picture')}, {got:,} with a tag ({done.method}).")
    if output is not None:
        _output.note(f"Tags: {output}")
    if key is not None and got:
        best = next(tags[0][0] for tags in done.tags if tags)
        test = "contains" if done.many or done.vocabulary.deep else "="
        quoted = best.replace("'", "''")
        condition = f"{key} {test} '{quoted}'"
        plain = not re.search(r'["$`\\!]', condition)
        condition = f'"{condition}"' if plain else shlex.quote(condition)
        _output.note(f"Next:  tuwen search {shlex.quote(str(collection))} WORDS --where {condition}")
