"""`tuwen bench`: methods side by side on the same pairs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuwen.cli import _options, _output, _progress

if TYPE_CHECKING:
    from tuwen.bench.runs import Run


class _Words(click.ParamType[Any]):
    """Words between commas."""

    name = "words"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The words."""
        if not isinstance(value, str):
            return value
        return tuple(word.strip() for word in value.split(",") if word.strip())


class _Bits(_Words):
    """Whole numbers between commas."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The numbers."""
        words = super().convert(value, param, ctx)
        if not all(str(word).isdecimal() for word in words):
            self.fail(f"{value!r} is not whole numbers between commas, such as 16,32,64", param, ctx)
        return tuple(int(word) for word in words)


@click.command(
    epilog="Example:  tuwen bench --data wikipedia --methods cca,scm,'*hash' --bits 16,32 -o wikipedia-bench",
    short_help="Compare methods on a data set.",
)
@click.option("--data", required=True, metavar="DATA", help="A benchmark, or a file of pairs.")
@click.option(
    "--methods",
    "wanted",
    type=_Words(),
    required=True,
    metavar="NAMES",
    help="Names, families (subspace, hashing, pairwise, ...), patterns such as '*cca', or all.",
)
@click.option("--split", default="", help="How the data is cut.  [default: the data's first]")
@click.option("--features", default="", help="Which features.  [default: the data's first]")
@click.option("--bits", type=_Bits(), default="", metavar="N,...", help="Widths of hash codes.")
@click.option(
    "--repeat", type=click.IntRange(min=1), default=1, metavar="N", help="Runs, with seeds 0 to N-1."
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    default=("map",),
    metavar="NAME",
    help="Such as recall@10; several are given one by one.  [default: map]",
)
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Where runs and the report are kept.  [default: bench-DATA]",
)
@click.option("--jobs", type=click.IntRange(min=1), default=1, metavar="N", help="Runs at the same time.")
@click.option(
    "--data-root",
    type=_options.PATH,
    default=None,
    metavar="FOLDER",
    help="Holds a folder for each benchmark.",
)
def command(
    data: str,
    wanted: Sequence[str],
    split: str,
    features: str,
    bits: Sequence[int],
    repeat: int,
    metrics: Sequence[str],
    folder: Path | None,
    jobs: int,
    data_root: Path | None,
) -> None:
    """Fit methods on the training pairs of DATA, score them on its test pairs, both ways."""
    from tuwen.bench.planning import plan
    from tuwen.bench.running import run_all

    folder = folder or Path(f"bench-{Path(data).stem}")
    cells = plan(
        data,
        wanted,
        split=split,
        features=features,
        bits=bits,
        repeat=repeat,
        metrics=metrics,
        data_root=data_root,
    )
    _output.note(f"{len(cells)} runs, kept in {folder}")
    with _progress.bar("running") as report:
        runs = run_all(cells, folder, jobs=jobs, data_root=data_root, progress=report)
    _print(runs)


def _print(runs: Sequence[Run]) -> None:
    rows = [
        {"method": run.cell.method, "codes": run.cell.codes, **run.figures, "error": run.error}
        for run in runs
    ]
    _output.emit(rows, "table")
