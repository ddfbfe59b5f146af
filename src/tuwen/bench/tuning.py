"""Choose settings on the validation part, never on the test part, and keep how."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tuwen.bench.running import Progress, run_all
from tuwen.bench.runs import DIRECTIONS, Cell, Run
from tuwen.errors import Damaged, InputError
from tuwen.files import read_json, write_json

Grids = Mapping[str, Mapping[str, Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Tried:
    """Settings that were tried on the validation part.

    Attributes:
        settings: Values of the parameters that are chosen.
        figures: Of the first metric, by direction; empty when it failed.
        mean: Of both directions; NaN when it failed.
        error: Standard error of that mean over queries: choices within it are chance.
        key: Of the run.
        reason: Why it failed.
    """

    settings: dict[str, Any]
    figures: dict[str, float]
    mean: float
    error: float
    key: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen for a cell, out of what.

    Attributes:
        key: Of the cell that runs with the choice.
        method: Its name.
        metric: That decided.
        settings: The values chosen; empty when all failed.
        tried: Everything that was tried, in its order.
        queries: Pairs of the validation part.
        train: Pairs that were learned from while choosing.
    """

    key: str
    method: str
    metric: str
    settings: dict[str, Any]
    tried: tuple[Tried, ...]
    queries: int
    train: int

    def __str__(self) -> str:
        if not self.settings:
            return f"{self.method}: all {len(self.tried)} settings failed: {self.tried[0].reason}"
        best = next(one for one in self.tried if one.settings == self.settings)
        words = ", ".join(f"{name}={value}" for name, value in self.settings.items())
        return (
            f"{self.method}: {words}, of {len(self.tried)} settings tried on {self.queries} validation pairs "
            f"({self.metric} {best.mean:.4f} ± {best.error:.4f}, mean of both directions)"
        )


def tune(
    cells: Sequence[Cell],
    grids: Grids,
    folder: Path,
    *,
    jobs: int = 1,
    data_root: Path | None = None,
    progress: Progress | None = None,
    again: bool = False,
    apart: bool = True,
) -> tuple[list[Cell], list[Choice]]:
    """The cells with the settings that do best on the validation part, and how they were chosen.

    Each cell of a method that has a grid is run with every combination on the validation part of its split,
    or, where there is none, on a fifth of the training images that is not learned from. What is best in the
    mean of both directions, by the first metric, is taken; of equals the one named first. The test part is
    not looked at. The cells that come back learn from the whole training part.

    Args:
        cells: What will be run.
        grids: Values to try, by method and parameter.
        folder: As for `run_all`; the choices are written to `choices.json` there.
        jobs: As for `run_all`.
        data_root: As for `run_all`.
        progress: As for `run_all`.
        again: As for `run_all`.
        apart: As for `run_all`.

    Raises:
        InputError: A method of the grids is not among the cells, or the cells score the validation part.
    """
    missing = sorted(set(grids) - {cell.method for cell in cells})
    if missing:
        raise InputError(f"{missing[0]} has settings to try but is not among the methods")
    if any(cell.part != "test" for cell in cells):
        raise InputError("part is 'val' and settings are chosen there too; score the test part")
    trials = {cell.key: _trials(cell, grids[cell.method]) for cell in cells if cell.method in grids}
    wanted = [cell for several in trials.values() for cell, _ in several]
    runs = run_all(
        wanted, folder, jobs=jobs, data_root=data_root, progress=progress, again=again, apart=apart
    )
    by_key = {run.cell.key: run for run in runs}
    made, choices = [], []
    for cell in cells:
        if cell.key not in trials:
            made.append(cell)
            continue
        tried = [_tried(by_key[trial.key], settings) for trial, settings in trials[cell.key]]
        best = _best(tried, cell.metrics[0])
        chosen = best.settings if best else {}
        cell = replace(cell, params={**cell.params, **chosen}, tuned=len(tried))
        sizes = by_key[best.key].sizes if best else {}
        made.append(cell)
        choices.append(
            Choice(
                cell.key,
                cell.method,
                cell.metrics[0],
                chosen,
                tuple(tried),
                sizes.get("queries", 0),
                sizes.get("train", 0),
            )
        )
    _keep(folder, choices)
    return made, choices


def read_choices(folder: Path) -> list[Choice]:
    """What was chosen in a folder; nothing when nothing was.

    Raises:
        Damaged: The file is broken.
    """
    path = folder / "choices.json"
    if not path.is_file():
        return []
    try:
        return [
            Choice(**(one | {"tried": tuple(Tried(**tried) for tried in one["tried"])}))
            for one in read_json(path)
        ]
    except (KeyError, TypeError) as error:
        raise Damaged(f"{path} does not tell of choices ({error!r}); remove it and choose again") from error


def _trials(cell: Cell, grid: Mapping[str, Sequence[Any]]) -> list[tuple[Cell, dict[str, Any]]]:
    """A cell on the validation part for every combination."""
    combinations = itertools.product(*grid.values())
    every = [dict(zip(grid, values, strict=True)) for values in combinations]
    return [(replace(cell, params={**cell.params, **one}, part="val"), one) for one in every]


def _tried(run: Run, settings: dict[str, Any]) -> Tried:
    if run.error:
        return Tried(settings, {}, math.nan, math.nan, run.cell.key, run.error)
    keys = [f"{direction}/{run.cell.metrics[0]}" for direction in DIRECTIONS]
    figures = {key: run.figures[key] for key in keys}
    errors = [_standard_error(run.values[key]) for key in keys]
    mean = float(np.mean(list(figures.values())))
    # the directions ask with the same pairs: taken as one, their errors add up rather than cancel
    return Tried(settings, figures, mean, float(np.mean(errors)), run.cell.key)


def _standard_error(values: Any) -> float:
    counted = values[~np.isnan(values)]
    return float(counted.std(ddof=1) / np.sqrt(len(counted))) if len(counted) > 1 else math.nan


def _best(tried: Sequence[Tried], metric: str) -> Tried | None:
    """The best of those that did not fail; the first of equals."""
    good = [one for one in tried if not math.isnan(one.mean)]
    if not good:
        return None
    lower = metric == "rank"  # of the first true item: the lower the better
    return (min if lower else max)(good, key=lambda one: one.mean)


def _keep(folder: Path, choices: Sequence[Choice]) -> None:
    """Write the choices beside those made before for other cells."""
    old = {choice.key: choice for choice in read_choices(folder)}
    told = [asdict(choice) for choice in (old | {choice.key: choice for choice in choices}).values()]
    if told:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "choices.json", told)
