"""`tuwen resolve`: which pictures and texts are of the same entity."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuwen.cli import _options, _output, _progress, _sources
from tuwen.errors import InputError

if TYPE_CHECKING:
    from tuwen.resolve.given import Given
    from tuwen.resolve.resolution import Resolution

_KINDS = click.Choice(["images", "texts"])
_WAYS = (
    ("one-to-one", "Each item has one partner at most, and the sum of all is best.  [default for two]"),
    ("one-to-many", "Each item of RIGHT has one partner at most; those of LEFT may have many."),
    ("mutual", "Keep pairs that are each other's best."),
    ("greedy", "Take the surest pair whose items are free, again and again."),
    ("by-threshold", "Keep every pair that is sure enough.  [default for one source]"),
)


def _ways(function: Any) -> Any:
    for name, text in reversed(_WAYS):
        value = "threshold" if name == "by-threshold" else name
        function = click.option(f"--{name}", "how", flag_value=value, default=None, help=text)(function)
    return function


@click.command(
    epilog="Example:  tuwen resolve photos/ records.csv -o matches.csv --review review.html",
    short_help="Find which pictures and texts are of the same entity.",
)
@click.argument("left", type=_options.PATH)
@click.argument("right", type=_options.PATH, required=False)
@click.option(
    "-o",
    "--output",
    type=_options.OUTPUT,
    help="Matches and what matches nothing: .csv, .tsv, .jsonl, .parquet; .json has all.  [default: stdout]",
)
@click.option("--clusters", type=_options.OUTPUT, metavar="FILE", help="Write the entity of each item.")
@click.option("--review", type=_options.OUTPUT, metavar="FILE.html", help="Write a page to accept or reject.")
@click.option("--report", type=_options.OUTPUT, metavar="FILE.html", help="Write steps, figures and charts.")
@click.option("--refused", type=_options.OUTPUT, metavar="FILE", help="Write all that could not be used.")
@click.option("--left-kind", type=_KINDS, help="What to take of LEFT.  [default: pictures, where it has any]")
@click.option("--right-kind", type=_KINDS, help="What to take of RIGHT.  [default: the other, where there]")
@click.option(
    "--text-columns",
    metavar="NAME[=W],…",
    help="Table columns that make the text, with weights.  [default: usual names, else all with words]",
)
@click.option("--left-columns", metavar="NAME[=W],…", help="The same for LEFT alone.")
@click.option("--right-columns", metavar="NAME[=W],…", help="The same for RIGHT alone.")
@click.option("--image-column", metavar="NAME", help="Table column of pictures.")
@click.option("--id-column", metavar="NAME", help="Table column of ids.")
@click.option("--label-column", metavar="NAME", help="Table column of classes.")
@click.option("--root", type=_options.PATH, help="Where a table's pictures lie.  [default: beside the table]")
@click.option("--encoder", metavar="SPEC", help="What encodes.  [default: the collection's, else mini]")
@click.option("--method", type=_options.PATH, metavar="DIR", help="What `tuwen fit` wrote: its common space.")
@click.option(
    "--neighbours",
    type=click.IntRange(min=0),
    default=20,
    metavar="N",
    help="Nearest items that are looked at, both ways.  [default: 20]",
)
@click.option("--block-on", "keys", multiple=True, metavar="NAME", help="Also look at pairs equal in NAME.")
@click.option("--within", metavar="NAME", help="Look only at pairs equal in NAME, such as label.")
@click.option(
    "--compare", metavar="NAME,…", help="Columns that are evidence; none for none.  [default: shared]"
)
@click.option("--rerank", metavar="FOLDER", help="Score the nearest again, as tuwen search --rerank does.")
@click.option("--depth", type=click.IntRange(min=1), default=10, metavar="N", help="How many.  [default: 10]")
@click.option(
    "--labels", type=_options.FILE, metavar="FILE", help="left,right,match, or decisions of a review."
)
@click.option("--model", type=_options.FILE, metavar="FILE", help="Use what --save-model wrote.")
@click.option("--save-model", type=_options.OUTPUT, metavar="FILE", help="Keep what was learned, as JSON.")
@_ways
@click.option("--threshold", type=float, metavar="P", help="Least probability of a match.  [default: 0.5]")
@click.option("--target-precision", type=float, metavar="P", help="Choose the threshold for this precision.")
@click.option("--best-f1", is_flag=True, help="Choose the threshold of the best F1 to be expected.")
@click.option("--strict", is_flag=True, help="Cluster by all evidence, not by chains of matches.")
@click.option("--truth", metavar="FILE|NAME", help="All true pairs, or the column (id, …) they are equal in.")
@_options.style()
def command(left: Path, right: Path | None, **given: Any) -> None:
    """Find which items of LEFT and RIGHT are of the same entity, and which have no partner.

    LEFT and RIGHT are anything that `tuwen index` reads, or collections: pictures against texts, or two
    sources of one kind. With LEFT alone its pictures are matched with its texts; with --left-kind too it
    is searched for duplicates.

    Steps: prepare, block (nearest neighbours and equal columns), score (similarity, ranks, leads, columns),
    join (a probability: learned from --labels, else estimated), decide, cluster, and with --truth evaluate.
    Only probabilities learned from labels are calibrated; others are named estimated_probability. Items
    without a partner are listed with their best candidate.
    """
    from tuwen.resolve.run import resolve
    from tuwen.resolve.writing import check

    files = {name: given.pop(name) for name in ("output", "clusters", "review", "report", "refused")}
    model_file, style, strict = given.pop("save_model"), given.pop("style"), given.pop("strict")
    for file in (*files.values(), model_file):
        _options.spare(file, left, *([right] if right is not None else []))
    for name in ("output", "clusters", "refused"):
        if files[name] is not None:
            check(files[name])
    sides = _givens(left, right, given)
    compare = given.pop("compare")
    names = None if compare is None else [] if compare == "none" else _names(compare)
    with _progress.steps() as progress:
        found = resolve(
            *sides, compare=names, cluster="strict" if strict else "components", progress=progress, **given
        )
    _write(found, files, model_file)
    _tell(found, files["output"], style)
    if found.empty:
        empty = " and ".join(dict.fromkeys(side.name for side in found.empty))
        raise InputError(
            f"nothing could be matched: {empty} has nothing that can be used; name a source with pictures or "
            "texts that can be read (--refused FILE lists what was left out, and why)"
        )


def _givens(left: Path, right: Path | None, given: dict[str, Any]) -> list[Given]:
    """Both sources, and how they are to be read."""
    from tuwen.resolve.given import Given

    both, root = given.pop("text_columns"), given.pop("root")
    named = {name: given.pop(name) for name in ("image_column", "id_column", "label_column")}
    options = {name: value for name, value in {**named, "root": root}.items() if value is not None}
    made = []
    for path, side in ((left, "left"), (right, "right")):
        kind, columns = given.pop(f"{side}_kind"), given.pop(f"{side}_columns") or both
        if path is not None:
            made.append(
                Given(
                    path=path.expanduser(),
                    kind=_options.kind(kind) if kind else None,
                    text_columns=_weights(columns) if columns else None,
                    options=options,
                )
            )
    return made


def _names(written: str) -> list[str]:
    return [name.strip() for name in written.split(",") if name.strip()]


def _weights(written: str) -> dict[str, float]:
    """`title=2,description` as weights by column."""
    found = {}
    for part in _names(written):
        name, sign, weight = part.rpartition("=")
        try:
            found[name.strip() if sign else part] = float(weight) if sign else 1.0
        except ValueError:
            raise click.UsageError(f"{part}: write NAME or NAME=WEIGHT, as in title=2,description") from None
    return found


def _write(found: Resolution, files: dict[str, Path | None], model_file: Path | None) -> None:
    from tuwen.resolve import writing

    if files["output"] is not None:
        writing.write_pairs(files["output"], found)
    if files["clusters"] is not None:
        writing.write_clusters(files["clusters"], found)
    if files["refused"] is not None:
        writing.write_refusals(files["refused"], found)
    if files["report"] is not None:
        writing.write_report(files["report"], found)
        _output.note(f"report: {files['report']}")
    if files["review"] is not None:
        count = writing.write_review(files["review"], found)
        _output.note(f"review of {_output.counted(count, 'pair')}: {files['review']}")
    if model_file is not None:
        if found.joint is None:
            raise click.UsageError("there were too few pairs to learn a model from; --save-model has nothing")
        found.joint.save(model_file)


def _tell(found: Resolution, output: Path | None, style: str) -> None:
    """The rows on stdout when no file was named; on stderr what was done."""
    from tuwen.resolve.rows import pair_rows, probability_name

    if output is None:
        columns = ("left_id", "right_id", probability_name(found), "similarity", "rank", "cluster")
        _output.emit(list(pair_rows(found)), style, columns=columns, cut="reason", empty="Nothing to match.")
    for step in found.steps:
        facts = ", ".join(f"{name} {_plain(value)}" for name, value in step.facts)
        _output.note(f"{step.name:9}{step.seconds:8.2f} s  {_output.clean(facts)}")
    for line in _figures(found):
        _output.note(line)
    for note in found.notes:
        _output.note(_output.clean(note))
    _sources.tell_refusals(found.refusals)
    alone = ", ".join(f"{len(rows):,} of {name} alone" for name, rows in found.unmatched.items())
    where = f": {output}" if output is not None else ""
    _output.note(f"{len(found.kept):,} match{'es' if len(found.kept) != 1 else ''}, {alone}{where}")


def _figures(found: Resolution) -> list[str]:
    """Precision, recall and the like, where the truth is known."""
    if found.evaluation is None or found.figures is None:
        return []
    pairs, blocking, figures = found.evaluation.pairs, found.evaluation.blocking, found.figures
    return [
        f"pairs     precision {pairs.precision:.3f}, recall {pairs.recall:.3f}, F1 {pairs.f1:.3f}",
        f"clusters  B-cubed {figures.b3_precision:.3f}, {figures.b3_recall:.3f}, F1 {figures.b3_f1:.3f}; "
        f"exactly right F1 {figures.f1:.3f}",
        f"blocking  {blocking.pair_completeness:.1%} of true pairs kept, "
        f"{1 - blocking.reduction_ratio:.2%} of all pairs looked at",
    ]


def _plain(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
