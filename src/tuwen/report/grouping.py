"""From runs to tables: what may stand side by side, rows with repeats gathered, figures with their spread."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

import numpy as np

from tuwen import methods
from tuwen.arrays import Array
from tuwen.bench.runs import DIRECTIONS, Cell, Direction, Run
from tuwen.errors import InputError, TuwenError
from tuwen.report.scores import AVERAGE, Score, scores, smaller_wins
from tuwen.report.significance import Pair, Rivals, pairs

_OF_ROWS = ("method", "params", "options", "data_seed", "tuned")  # in what rows, or their runs, may differ
_ALPHABET = "abcdefghijklmnoprstuvwxyz"  # Unicode has no superscript q


@dataclass(frozen=True, eq=False)
class Row:
    """One method with its settings.

    Attributes:
        method: Its name.
        width: Bits of hash codes, or dimensions, where the method has such a setting.
        settings: Those that are not the default, without width and seed; options of scoring too.
        runs: Those that have figures, a run a seed.
        error: Why there are none; the runs are then the failed ones.
        scores: By `column/metric`, where a column is a direction or `average`.
        letter: What other rows call it.
    """

    method: str
    width: int | None
    settings: dict[str, Any]
    runs: tuple[Run, ...]
    error: str = ""
    scores: dict[str, Score] = field(default_factory=dict)
    letter: str = ""

    @property
    def seeds(self) -> int:
        """How many runs the figures are of."""
        return 0 if self.error else len(self.runs)

    @property
    def tuned(self) -> int:
        """How many settings were tried on the validation part to choose these."""
        return self.runs[0].cell.tuned

    @property
    def fit_seconds(self) -> float:
        """Of fitting, the mean over runs."""
        return float(np.mean([run.fit_seconds for run in self.runs]))

    @property
    def code_seconds(self) -> float:
        """Of coding, the mean over runs."""
        return float(np.mean([run.code_seconds for run in self.runs]))

    @property
    def peak_mb(self) -> float:
        """Largest of the runs, MB."""
        return max(run.peak_mb for run in self.runs)


@dataclass(frozen=True, eq=False)
class Table:
    """Rows that may be compared: same data, cut, features, part, database, kind of codes and figures.

    Attributes:
        cell: Of one of the runs; data, part, database, codes, metrics, ties and empty are those of all.
        rows: Best first within each number of bits; failed ones last.
        pairs: Every two rows that were compared.
        chance: Chance level by `direction/metric`, where runs carry it.
    """

    cell: Cell
    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...]
    chance: dict[str, float]

    @property
    def metric(self) -> str:
        """The first figure: rows are ordered and compared by it."""
        return self.cell.metrics[0]

    @property
    def hashing(self) -> bool:
        """Rows have bits, and only those of as many are compared."""
        return self.cell.codes != "vectors"

    @property
    def good(self) -> tuple[Row, ...]:
        """Rows with figures."""
        return tuple(row for row in self.rows if not row.error)

    @property
    def runs(self) -> tuple[Run, ...]:
        """All runs, in the order of the rows."""
        return tuple(run for row in self.rows for run in row.runs)

    def sections(self) -> list[list[int]]:
        """Numbers of the good rows that compete: all, or those of equal bits."""
        found: dict[int | None, list[int]] = {}
        for number, row in enumerate(self.rows):
            if not row.error:
                found.setdefault(row.width if self.hashing else None, []).append(number)
        return list(found.values())

    def best(self, number: int, key: str) -> bool:
        """Whether a row has the best figure of those it competes with; a row alone is no winner."""
        section = next((some for some in self.sections() if number in some), [])
        values = [self.rows[one].scores[key].value for one in section if key in self.rows[one].scores]
        mine = self.rows[number].scores.get(key)
        if len(values) < 2 or mine is None:
            return False
        return mine.value == (min(values) if smaller_wins(key) else max(values))

    def beaten(self, number: int, direction: str) -> list[int]:
        """Numbers of the rows that a row beats significantly."""
        return sorted(
            pair.other
            for pair in self.pairs
            if pair.significant and pair.one == number and pair.direction == direction
        )


def tables(runs: Iterable[Run]) -> list[Table]:
    """Group runs; figures of different kinds never meet.

    The kind is all of a cell but the method, its settings and options, and the files that were read: data,
    split, features, part, database, codes, figures, ties, ... Runs that differ only in seeds are one row.

    Raises:
        InputError: There is no run.
    """
    groups: dict[str, list[Run]] = {}
    failed: list[Run] = []
    for run in {run.cell.key: run for run in runs}.values():
        if run.error:
            failed.append(run)
        else:
            groups.setdefault(kind(run), []).append(run)
    if not groups and not failed:
        raise InputError("there is no run; a report needs at least one")
    for run in failed:  # what failed may never have read its data
        near = next((key for key in groups if key.startswith(_asked(run.cell))), _asked(run.cell))
        groups.setdefault(near, []).append(run)
    return [_table(some) for some in groups.values()]


def kind(run: Run) -> str:
    """What two runs must share to stand in one table."""
    return _asked(run.cell) + json.dumps(run.files, sort_keys=True)


@cache
def defaults(method: str) -> dict[str, Any]:
    """Settings of a method when nothing is said; empty where this version has no such method."""
    try:
        return methods.find(method)().params
    except TuwenError:
        return {}


def _asked(cell: Cell) -> str:
    told = {name: value for name, value in asdict(cell).items() if name not in _OF_ROWS}
    return json.dumps(told, sort_keys=True, ensure_ascii=False)


def _table(runs: Sequence[Run]) -> Table:
    grouped: dict[str, list[Run]] = {}
    for run in runs:
        cell = run.cell
        params = {name: value for name, value in cell.params.items() if name != "seed"}
        if cell.tuned:  # every draw of a split chooses for itself
            params = {"bits": params.get("bits")}
        same = [cell.method, params, cell.options, cell.tuned, run.error]
        grouped.setdefault(json.dumps(same, sort_keys=True, default=str), []).append(run)
    first = f"{AVERAGE}/{runs[0].cell.metrics[0]}"
    rows = [_row(some) for some in grouped.values()]
    sign = 1 if smaller_wins(first) else -1
    hashing = runs[0].cell.codes != "vectors"

    def order(row: Row) -> tuple[bool, int, float, str, int]:
        score = row.scores.get(first)
        width = (row.width or 0) if hashing and score else 0
        return bool(row.error), width, sign * score.value if score else 0, row.method, row.width or 0

    rows = [_lettered(row, number) for number, row in enumerate(sorted(rows, key=order))]
    table = Table(runs[0].cell, tuple(rows), (), _chance(runs))
    return Table(table.cell, table.rows, pairs(_rivals(table)), table.chance)


def _row(runs: list[Run]) -> Row:
    cell = runs[0].cell
    usual = defaults(cell.method)
    settings: dict[str, Any] = {}
    for name in cell.params:
        values = [run.cell.params.get(name) for run in runs]
        if name in ("bits", "seed") or (name == "dim" and _width(runs)):
            continue
        if any(value != values[0] for value in values):
            settings[name] = "|".join(str(value) for value in values)
        elif name not in usual or usual[name] != values[0]:
            settings[name] = values[0]
    figures = {} if runs[0].error else scores(runs)
    return Row(cell.method, _width(runs), settings | cell.options, tuple(runs), runs[0].error, figures)


def _width(runs: Sequence[Run]) -> int | None:
    """Bits, or dimensions, that all runs have; None where they have none or chose different ones."""
    widths = {run.cell.params.get("bits", run.cell.params.get("dim")) for run in runs}
    return widths.pop() if len(widths) == 1 else None


def _lettered(row: Row, number: int) -> Row:
    letter = ""
    while number >= 0:
        number, place = divmod(number, len(_ALPHABET))
        letter, number = _ALPHABET[place] + letter, number - 1
    return Row(row.method, row.width, row.settings, row.runs, row.error, row.scores, letter)


def _chance(runs: Sequence[Run]) -> dict[str, float]:
    levels: dict[str, list[float]] = {}
    for run in runs:
        for key, value in run.chance.items():
            levels.setdefault(key, []).append(value)
    return {key: float(np.mean(values)) for key, values in levels.items()}


def _rivals(table: Table) -> list[Rivals]:
    """Rows with values of the same queries; of drawn splits, the first that all rows have."""
    found = []
    key_of: dict[Direction, str] = {one: f"{one}/{table.metric}" for one in DIRECTIONS}
    for section in table.sections():
        for direction, key in key_of.items():
            values: dict[tuple[int, bytes], dict[int, Array]] = {}
            shared = set.intersection(
                *({run.cell.data_seed for run in table.rows[row].runs} for row in section)
            )
            draw = min(shared, default=None)
            for number in section:
                runs = [run for run in table.rows[number].runs if run.cell.data_seed == draw]
                of_seeds = [run.values[key] for run in runs if key in run.values]
                if of_seeds:
                    mean = np.mean(of_seeds, axis=0)
                    counts = ~np.isnan(mean)
                    values.setdefault((len(mean), counts.tobytes()), {})[number] = mean[counts]
            found += [
                Rivals(direction, list(same), np.array(list(same.values())), smaller_wins(key))
                for same in values.values()
                if len(same) > 1 and len(next(iter(same.values())))
            ]
    return found
