"""Published figures beside ours: one line for each row, column and set-up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tuwen.bench.runs import Run
from tuwen.reproduce.audit import NEAR, chance
from tuwen.reproduce.planning import Place, plan
from tuwen.reproduce.published import Column, Reason, Setup, Table

#: Differences above this share are explained, or said to be unexplained.
LARGE = 0.02
UNESTABLISHED = Reason(kind="unestablished", says="the cause is not established")
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True, kw_only=True)
class Line:
    """One published figure and what we get.

    Attributes:
        row: The method as printed.
        method: What we call it.
        column: Name of the column.
        setup: Name of our set-up.
        printed: The figure as printed.
        ours: Ours in the unit of the table, a mean over draws of the split; None where there is none.
        spread: Half the range over draws; None where there is one draw.
        difference: Ours less the printed one; None where there is none or the features are others.
        reason: Why they differ by more than 0.02; None where they do not.
        needs: What is missing of the data; empty where nothing is.
        lacks: What is missing of the method; empty where nothing is.
        left_out: Nobody asked for this row.
        error: Why a run failed; empty where none did.
        protocol: What our figure means, in one line.
        chance: What guessing gets on the same labels; None where that is unknown.
    """

    row: str
    method: str
    column: str
    setup: str
    printed: str
    ours: float | None = None
    spread: float | None = None
    difference: float | None = None
    reason: Reason | None = None
    needs: str = ""
    lacks: str = ""
    left_out: bool = False
    error: str = ""
    protocol: str = ""
    chance: float | None = None


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """A table with everything that was run of it.

    Attributes:
        table: What is printed.
        lines: One for each row, column and set-up.
        about: Machine, versions, date, as the runs tell; empty when nothing ran.
        notes: What a reader of our figures must know.
        seconds: Of fitting, all runs together.
    """

    table: Table
    lines: tuple[Line, ...]
    about: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    def of(self, setup: Setup) -> list[Line]:
        """The lines of one set-up, in the order of the table."""
        return [line for line in self.lines if line.setup == setup.name]


def reproduce(
    table: Table,
    folder: Path,
    *,
    data_root: Path | None = None,
    jobs: int = 1,
    files: Mapping[str, Path] | None = None,
    wanted: Sequence[str] = (),
    progress: Progress | None = None,
    apart: bool = True,
) -> Reproduction:
    """Run what can be run of a table and put it beside what is printed.

    Args:
        table: From `published.load`.
        folder: Where runs are kept; those that are there are not run again.
        data_root: The folder that holds a folder for each benchmark; see `datasets.root`.
        jobs: Runs at a time.
        files: Features of one's own for a block of the table, by its name: files of pairs.
        wanted: Our names of the methods to run; all when empty.
        progress: Called with the number of runs done and their number.
        apart: Each run in a process of its own; otherwise here, one after the other.

    Raises:
        UnknownName: `files` names a block, or `wanted` a method, that the table does not have.
    """
    from tuwen.bench.running import run_all

    places = plan(table, data_root=data_root, files=files, wanted=wanted)
    cells = list({cell.key: cell for place in places for cell in place.cells}.values())
    how: dict[str, Any] = {"jobs": jobs, "data_root": data_root, "progress": progress, "apart": apart}
    runs = run_all(cells, folder, **how) if cells else []
    return beside(table, places, {run.cell.key: run for run in runs})


def beside(table: Table, places: Sequence[Place], runs: Mapping[str, Run]) -> Reproduction:
    """Lines of a table from its places and the runs of their cells, by their keys."""
    used = [runs[cell.key] for place in places for cell in place.cells if cell.key in runs]
    lines = tuple(line for place in places for line in _lines(table, place, runs))
    return Reproduction(
        table=table,
        lines=lines,
        about=next((run.about for run in used if run.about), {}),
        notes=tuple(dict.fromkeys(note for run in used for note in run.notes)),
        seconds=sum(run.fit_seconds for run in used),
    )


def _lines(table: Table, place: Place, runs: Mapping[str, Run]) -> Iterator[Line]:
    found = [runs[cell.key] for cell in place.cells if cell.key in runs]
    errors = dict.fromkeys(run.error for run in found if run.error)
    if len(found) < len(place.cells):
        errors["the run was not finished"] = None
    for column in place.columns:
        told: dict[str, Any] = {}
        if place.needs or place.lacks or place.left_out or errors:
            told = {"needs": place.needs, "lacks": place.lacks, "left_out": place.left_out}
            told["error"] = "; ".join(errors)
        else:
            told = _figures(table, place, column, found)
        printed = place.row.values[table.columns.index(column)]
        yield Line(
            row=place.row.printed,
            method=place.row.method,
            column=column.name,
            setup=place.setup.name,
            printed=printed,
            **told,
        )


def _figures(table: Table, place: Place, column: Column, runs: Sequence[Run]) -> dict[str, Any]:
    values = [_value(run.figures, column) * table.scale for run in runs]
    ours = sum(values) / len(values)
    difference = ours - table.value(place.row, column) if place.setup.compares else None
    large = difference is not None and abs(difference) > LARGE * table.scale
    keys = [key for key in runs[0].protocols if column.direction in ("mean", key.partition("/")[0])]
    guessed = [_value(run.chance, column) * table.scale for run in runs if run.chance]
    return {
        "ours": ours,
        "spread": (max(values) - min(values)) / 2 if len(values) > 1 else None,
        "difference": difference,
        "reason": _reason(table, place, column) if large else None,
        "protocol": runs[0].protocols[keys[0]] if keys else "",
        "chance": sum(guessed) / len(guessed) if guessed else None,
    }


def _value(figures: Mapping[str, float], column: Column) -> float:
    directions = ("i2t", "t2i") if column.direction == "mean" else (column.direction,)
    return sum(figures[f"{direction}/{column.metric}"] for direction in directions) / len(directions)


def _reason(table: Table, place: Place, column: Column) -> Reason:
    """The first reason that holds here; that the cause is not established, where none does."""
    level = chance(table)
    for reason in table.reasons:
        named = [(reason.rows, place.row.printed), (reason.columns, column.name)]
        named += [(reason.setups, place.setup.name)]
        if any(some and name not in some for some, name in named):
            continue
        value = table.value(place.row, column) / table.scale
        if reason.kind == "chance" and (level is None or value > level + NEAR):
            continue
        return reason
    return UNESTABLISHED


def reasons(lines: Iterable[Line]) -> list[Reason]:
    """The reasons that some lines have, each once."""
    return list(dict.fromkeys(line.reason for line in lines if line.reason))
