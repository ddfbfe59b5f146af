"""`tuwen bench`: methods side by side on the same pairs."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuwen.cli import _options, _output, _progress

if TYPE_CHECKING:
    from tuwen.bench.runs import Cell, Run
    from tuwen.bench.tuning import Choice


class _Words(click.ParamType[Any]):
    """Words between commas."""

    name = "words"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The words."""
        if not isinstance(value, str):
            return value
        return tuple(word.strip() for word in value.split(",") if word.strip())


class _Numbers(_Words):
    """Whole numbers between commas."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The numbers."""
        words = super().convert(value, param, ctx)
        if not all(str(word).isdecimal() for word in words):
            self.fail(f"{value!r} is not positive whole numbers between commas, such as 16,32,64", param, ctx)
        return tuple(int(word) for word in words)


class _Codes(_Words):
    """Kinds of codes between commas."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The kinds, or None for all."""
        words = super().convert(value, param, ctx)
        wrong = [word for word in words or () if word not in ("modality", "fused", "training")]
        if wrong:
            self.fail(f"{wrong[0]!r} is none of modality, fused, training", param, ctx)
        return words or None


@click.command(
    epilog="Example:  tuwen bench --data wikipedia --methods cca,scm_hash,cmfh --bits 16,32 --jobs 2",
    short_help="Compare methods on a data set, in one table.",
)
@click.option("--data", required=True, metavar="DATA", help="A benchmark, or a file of your pairs.")
@click.option(
    "--methods",
    "wanted",
    type=_Words(),
    required=True,
    metavar="NAME,...",
    help="Methods, families (subspace, pairwise, hashing, ...), patterns such as '*cca', or all.",
)
@click.option("--split", default="", metavar="NAME", help="How the data is cut.  [default: the first it has]")
@click.option("--features", default="", metavar="NAME", help="Which features.  [default: the first it has]")
@click.option(
    "--bits", type=_Numbers(), default="", metavar="N,...", help="Widths of hash codes.  [default: 64]"
)
@click.option(
    "--codes",
    type=_Codes(),
    default="",
    metavar="KIND,...",
    help="How items are hashed: modality, fused, training.  [default: all that a method can]",
)
@click.option(
    "--repeat",
    type=click.IntRange(min=1, max=1000),
    default=1,
    metavar="N",
    help="Run with seeds 0 to N-1, of methods and of splits that are drawn.  [default: 1]",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="METHOD.PARAM=VALUE",
    help="A parameter that is not the default; may be given several times.",
)
@click.option(
    "--tune",
    "grids",
    multiple=True,
    metavar="METHOD.PARAM=V,V,...",
    help="Choose the parameter on the validation part; several make a grid.",
)
@click.option(
    "--option",
    "options",
    multiple=True,
    metavar="METHOD.NAME=VALUE",
    help="Of scoring, such as cmcp.mode=transductive.",
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    default=("map",),
    metavar="NAME",
    help="map, map@50, recall@10, hit@1, ndcg, ...; the first decides.  [default: map]",
)
@click.option(
    "--ties",
    type=click.Choice(["expected", "best", "worst", "stable"]),
    default="expected",
    help="What becomes of equal scores.  [default: expected]",
)
@click.option(
    "--empty",
    type=click.Choice(["skip", "zero"]),
    default="skip",
    help="What becomes of queries without a true item.  [default: skip]",
)
@click.option(
    "--part",
    type=click.Choice(["test", "val"]),
    default="test",
    help="Which part is scored.  [default: test]",
)
@click.option(
    "--database",
    type=click.Choice(["part", "train", "database"]),
    default=None,
    help="What is searched: the scored part, the training pairs, the data's own database.  "
    "[default: part; hash codes search the own database, or the training pairs]",
)
@click.option(
    "--noise",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.0,
    metavar="SHARE",
    help="Training labels to make wrong on purpose, such as 0.4.",
)
@click.option(
    "--text-encoder",
    default="",
    metavar="ENCODER",
    help="Of captions that have no features.  [default: tfidf,features=2000]",
)
@click.option(
    "--rerank",
    default="",
    metavar="METHOD",
    help="Run each method also with a second stage: a method, or the folder of a fitted one.",
)
@click.option(
    "--depth",
    type=click.IntRange(min=1),
    default=100,
    metavar="N",
    help="How many hits the second stage scores.  [default: 100]",
)
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Where runs and the report are kept.  [default: bench-DATA]",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1, max=1024),
    default=1,
    metavar="N",
    help="Methods at the same time, each in a process of its own.  [default: 1]",
)
@click.option("--again", is_flag=True, help="Run everything again, also what the folder has.")
@click.option(
    "--data-root",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    metavar="FOLDER",
    help="Has a folder for each benchmark.  [default: TUWEN_DATA, or data]",
)
@_options.style("markdown")
def command(
    data: str,
    wanted: Sequence[str],
    settings: Sequence[str],
    grids: Sequence[str],
    options: Sequence[str],
    folder: Path | None,
    jobs: int,
    again: bool,
    data_root: Path | None,
    style: str,
    **how: Any,
) -> None:
    """Fit METHODS on the training pairs of DATA and measure how they rank the rest, both ways.

    One table a protocol, with 95 % intervals, fit seconds, peak memory and who beats whom significantly;
    the folder gets report.html, report.md, results.csv, results.json and the curves. Each method runs in a
    process of its own. What is done is not done again: stop whenever you like and give the same command.
    What fails is listed with its reason.

    Hash codes search the training pairs, coded from their own modality and, where a method can, from both
    modalities (fused) or as training coded them: figures of different kinds stand in different tables.
    """
    from tuwen.bench.planning import plan
    from tuwen.bench.settings import parse, parse_grids, parse_options

    folder = folder or Path(f"bench-{_name(data)}")
    given = parse(settings)
    tried = parse_grids(grids, given)
    cells = plan(data, wanted, settings=given, options=parse_options(options), data_root=data_root, **how)
    runs = _run(cells, tried, folder, jobs=jobs, data_root=data_root, again=again)
    _report(runs, folder, style)


def _name(data: str) -> str:
    """The name of data in the name of a folder: the last part of a path, without options and ending."""
    return Path(data.partition(",")[0]).absolute().stem


def _run(cells: list[Cell], grids: dict[str, dict[str, list[Any]]], folder: Path, **how: Any) -> list[Run]:
    from tuwen.bench.running import run_all
    from tuwen.bench.tuning import check, noted, tune

    check(cells, grids)
    _output.note(f"{_output.counted(len(cells), 'run')}, kept in {_output.near(str(folder))}")
    choices: list[Choice] = []
    try:
        if grids:
            with _progress.bar("choosing") as report:
                cells, choices = tune(cells, grids, folder, progress=report, **how)
            for choice in choices:
                _output.note(_output.clean(str(choice)))
            _output.note(f"All that was tried: {_output.near(str(folder.absolute() / 'choices.md'))}")
        with _progress.bar("running") as report:
            return noted(run_all(cells, folder, progress=report, **how), choices)
    except KeyboardInterrupt:
        _output.note("\nWhat is done is kept; the same command goes on.")
        raise


def _report(runs: Sequence[Run], folder: Path, style: str) -> None:
    from tuwen import report

    style = _output.chosen(style)
    print(report.text(runs, next(known for known in report.STYLES if known == style)).rstrip("\n"))
    page = report.write(runs, folder, command=shlex.join(["tuwen", *sys.argv[1:]]))
    _output.note(f"\nThe report: {_output.near(str(page.absolute()))}")
    failed = [run for run in runs if run.error]
    if failed:
        _output.note(
            f"Failed: {len(failed)} of {_output.counted(len(runs), 'run')}; the reasons are in the table"
        )
        raise click.exceptions.Exit(1)
