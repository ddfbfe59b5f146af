"""Choose settings on the validation part, never on the test part, and keep how."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tuwen.arrays import Array
from tuwen.bench.running import Progress, run_all
from tuwen.bench.runs import DIRECTIONS, Cell, Run
from tuwen.errors import Damaged, InputError
from tuwen.files import read_json, replacing, write_json

Grids = Mapping[str, Mapping[str, Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Tried:
    """Settings that were tried on the validation part.

    Attributes:
        settings: Values of the parameters that are chosen.
        figures: Of the first metric, by direction, the mean over repeats; empty when one failed.
        mean: Of both directions; None when it failed.
        error: Standard error of that mean over queries: choices within it are chance.
        keys: Of the runs.
        reason: Why it failed.
    """

    settings: dict[str, Any]
    figures: dict[str, float]
    mean: float | None
    error: float
    keys: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, out of what.

    Attributes:
        method: Its name.
        codes: How items of the database are coded.
        metric: That decided.
        settings: The values chosen; empty when all failed.
        tried: Everything that was tried, in its order.
        queries: Pairs of the validation part.
        train: Pairs that were learned from while choosing.
        keys: Of the cells that run with the choice.
        bits: Of codes, where these are not chosen too.
    """

    method: str
    codes: str
    metric: str
    settings: dict[str, Any]
    tried: tuple[Tried, ...]
    queries: int
    train: int
    keys: tuple[str, ...]
    bits: int | None = None

    @property
    def how(self) -> str:
        """What was chosen, out of how many, by how much."""
        if not self.settings:
            return f"all {len(self.tried)} settings failed: {self.tried[0].reason}"
        best = next(one for one in self.tried if one.settings == self.settings)
        words = ", ".join(f"{name}={value}" for name, value in self.settings.items())
        return (
            f"{words}, the best of {len(self.tried)} settings on {self.queries:,} validation pairs "
            f"({self.metric} {best.mean or 0:.4f} ± {best.error:.4f}, mean of both directions)"
        )

    def __str__(self) -> str:
        if self.codes == "vectors":
            return f"{self.method}: {self.how}"
        bits = f"{self.bits} bits, " if self.bits else ""
        return f"{self.method} ({bits}{self.codes}): {self.how}"


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
    mean of both directions, by the first metric, is taken; of equals the one named first. Repeats on the same
    parts share one choice. The test part is not looked at. The cells that come back learn from the whole
    training part.

    Args:
        cells: What will be run.
        grids: Values to try, by method and parameter.
        folder: As for `run_all`; the choices are written there, to `choices.json` and `choices.md`.
        jobs: As for `run_all`.
        data_root: As for `run_all`.
        progress: As for `run_all`.
        again: As for `run_all`.
        apart: As for `run_all`.

    Raises:
        InputError: As `check`.
    """
    check(cells, grids)
    wanted = [
        trial
        for cell in cells
        if cell.method in grids
        for settings in _combinations(grids[cell.method])
        for trial in [_trial(cell, settings)]
    ]
    found = run_all(
        wanted, folder, jobs=jobs, data_root=data_root, progress=progress, again=again, apart=apart
    )
    runs = {run.cell.key: run for run in found}
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(_without_seed(cell), []).append(cell)
    made: dict[str, Cell] = {}
    choices = []
    for some in groups.values():
        if some[0].method in grids:
            tuned, choice = _choose(some, grids[some[0].method], runs)
            made |= {cell.key: new for cell, new in zip(some, tuned, strict=True)}
            choices.append(choice)
    _keep(folder, choices)
    return [made.get(cell.key, cell) for cell in cells], choices


def check(cells: Sequence[Cell], grids: Grids) -> None:
    """Refuse what `tune` cannot choose.

    Raises:
        InputError: A method of the grids is not among the cells, or the cells score the validation part.
    """
    missing = sorted(set(grids) - {cell.method for cell in cells})
    if missing:
        raise InputError(f"{missing[0]} has settings to try but is not among the methods")
    if any(cell.part != "test" for cell in cells):
        raise InputError("part is 'val' and settings are chosen there too; score the test part")


def noted(runs: Sequence[Run], choices: Sequence[Choice]) -> list[Run]:
    """Runs with a note on how their settings were chosen, for those that were."""
    told = {key: choice.how for choice in choices for key in choice.keys}
    return [
        replace(run, notes=(*run.notes, told[run.cell.key])) if run.cell.key in told else run for run in runs
    ]


def table(choices: Sequence[Choice]) -> str:
    """Everything that was tried, as Markdown."""
    lines = ["# Settings tried on the validation part", ""]
    for choice in choices:
        lines += [str(choice), "", f"| settings | image → text | text → image | {choice.metric}, mean | ± |"]
        lines.append("|---|--:|--:|--:|--:|")
        for one in choice.tried:
            words = ", ".join(f"`{name}={value}`" for name, value in one.settings.items())
            if one.mean is None:
                cells = [f"failed: {one.reason}", "", "", ""]
            else:
                cells = [f"{value:.4f}" for value in (*one.figures.values(), one.mean, one.error)]
            mark = " **chosen**" if one.settings == choice.settings else ""
            lines.append(f"| {words}{mark} | {' | '.join(cells)} |")
        lines.append("")
    lines.append("± is the standard error of the mean over queries: choices within it are chance.")
    return "\n".join(lines) + "\n"


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
            Choice(**(one | {"tried": tuple(map(_read, one["tried"])), "keys": tuple(one["keys"])}))
            for one in read_json(path)
        ]
    except (KeyError, TypeError) as error:
        raise Damaged(f"{path} does not tell of choices ({error!r}); remove it and choose again") from error


def _read(told: dict[str, Any]) -> Tried:
    return Tried(**(told | {"keys": tuple(told["keys"])}))


def _combinations(grid: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def _trial(cell: Cell, settings: Mapping[str, Any]) -> Cell:
    """The cell with other settings, on the validation part."""
    return replace(cell, params={**cell.params, **settings}, part="val")


def _without_seed(cell: Cell) -> str:
    """What repeats on the same parts have in common; other draws of the parts choose for themselves."""
    return replace(cell, params={**cell.params, "seed": 0}).key


def _choose(
    cells: Sequence[Cell], grid: Mapping[str, Sequence[Any]], runs: Mapping[str, Run]
) -> tuple[list[Cell], Choice]:
    tried = [
        _tried([runs[_trial(cell, settings).key] for cell in cells], settings)
        for settings in _combinations(grid)
    ]
    best = _best(tried, cells[0].metrics[0])
    settings = best.settings if best else {}
    count = len(tried) if best else 0
    made = [replace(cell, params={**cell.params, **settings}, tuned=count) for cell in cells]
    sizes = runs[best.keys[0]].sizes if best else {}
    choice = Choice(
        method=cells[0].method,
        codes=cells[0].codes,
        metric=cells[0].metrics[0],
        settings=settings,
        tried=tuple(tried),
        queries=sizes.get("queries", 0),
        train=sizes.get("train", 0),
        keys=tuple(cell.key for cell in made),
        bits=None if "bits" in grid else cells[0].params.get("bits"),
    )
    return made, choice


def _tried(runs: Sequence[Run], settings: dict[str, Any]) -> Tried:
    """Settings with what they gave, the mean over repeats."""
    keys = tuple(run.cell.key for run in runs)
    for run in runs:
        if run.error:
            return Tried(settings, {}, None, 0.0, keys, run.error)
    names = [f"{direction}/{runs[0].cell.metrics[0]}" for direction in DIRECTIONS]
    figures = {name: float(np.mean([run.figures[name] for run in runs])) for name in names}
    errors = [_standard_error(np.mean([run.values[name] for run in runs], axis=0)) for name in names]
    # both directions ask with the same pairs: their errors may well go together, so none is cancelled
    return Tried(settings, figures, float(np.mean(list(figures.values()))), float(np.mean(errors)), keys)


def _standard_error(values: Array) -> float:
    counted = values[~np.isnan(values)]
    return float(counted.std(ddof=1) / np.sqrt(len(counted))) if len(counted) > 1 else 0.0


def _best(tried: Sequence[Tried], metric: str) -> Tried | None:
    """The best of those that did not fail; the first of equals."""
    means = [(one.mean, one) for one in tried if one.mean is not None]
    if not means:
        return None
    lower = metric == "rank"  # of the first true item: the lower the better
    return (min if lower else max)(means, key=lambda pair: pair[0])[1]


def _keep(folder: Path, choices: Sequence[Choice]) -> None:
    """Write the choices beside those made before for other cells."""
    new = {key for choice in choices for key in choice.keys}
    told = [choice for choice in read_choices(folder) if not new & set(choice.keys)] + list(choices)
    if told:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "choices.json", [asdict(choice) for choice in told])
        with replacing(folder / "choices.md") as temporary:
            temporary.write_text(table(told), encoding="utf-8")
