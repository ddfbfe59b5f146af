"""Figures with their spread: of one run over queries, of repeats over seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tuwen.bench.runs import DIRECTIONS, Run
from tuwen.report.intervals import interval

#: Both directions together, as a third column.
AVERAGE = "average"
COLUMNS = (*DIRECTIONS, AVERAGE)


@dataclass(frozen=True)
class Score:
    """A figure of a row.

    Attributes:
        value: The figure; the mean over repeats.
        low: Lower end of the 95 % bootstrap interval over queries; NaN where there is none.
        high: Upper end.
        deviation: Standard deviation over repeats; NaN for one run.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    deviation: float = math.nan

    @property
    def spread(self) -> float:
        """What stands after ±: the deviation over repeats, or half the interval of one run."""
        return (self.high - self.low) / 2 if math.isnan(self.deviation) else self.deviation


def scores(runs: Sequence[Run]) -> dict[str, Score]:
    """Figures of runs that differ in seeds only, by `column/metric`."""
    found = {}
    for metric in runs[0].cell.metrics:
        for column in COLUMNS:
            parts = [f"{one}/{metric}" for one in (DIRECTIONS if column == AVERAGE else (column,))]
            if all(part in run.figures for run in runs for part in parts):
                found[f"{column}/{metric}"] = _score(runs, parts)
    return found


def _score(runs: Sequence[Run], parts: Sequence[str]) -> Score:
    figures = [float(np.mean([run.figures[part] for part in parts])) for run in runs]
    if len(runs) > 1:
        return Score(float(np.mean(figures)), deviation=float(np.std(figures, ddof=1)))
    (run,) = runs
    values = [run.values.get(part) for part in parts]
    if smaller_wins(parts[0]) or any(some is None or np.isnan(some).all() for some in values):
        return Score(figures[0])  # a median rank has no interval of the mean
    known = [some for some in values if some is not None]
    if len({len(some) for some in known}) == 1 and not np.isnan(np.sum(known)):
        low, high = interval(np.mean(known, axis=0))  # a query and its answer are one pair
    else:
        ends = [interval(some) for some in known]
        half = math.hypot(*((high - low) / 2 for low, high in ends)) / len(ends)
        middle = float(np.mean([(low + high) / 2 for low, high in ends]))
        low, high = (ends[0]) if len(ends) == 1 else (middle - half, middle + half)
    return Score(figures[0], low, high)


def smaller_wins(key: str) -> bool:
    """Whether less is better, as of ranks."""
    return key.rpartition("/")[2] == "rank"
