"""Which drawings a table gets: precision against recall, bars with intervals, figures against bits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tuwen.bench.runs import DIRECTIONS
from tuwen.report import curves
from tuwen.report.grouping import Row, Table
from tuwen.report.plots import Bars, Drawing, Line, Panel, bars, lines
from tuwen.report.words import metric_name, said, settings, title

#: Curves in one panel; more cannot be told apart.
MOST = 12


def drawn(table: Table) -> dict[str, Drawing]:
    """Drawings of a table by name: `curves`, `bars`, `bits`, `training`; those with something to show."""
    made = {"curves": _curves(table), "bars": _bars(table), "bits": _against_bits(table)}
    made[curves.NAME] = _training(table)
    return {name: drawing for name, drawing in made.items() if drawing is not None}


def names(rows: Sequence[Row], *, bits: bool) -> list[str]:
    """What tells rows apart, as short as it can be: the method, with bits, settings or letter if needed."""
    found = [f"{row.method} {row.width}" if bits and row.width else row.method for row in rows]
    for longer in (settings, lambda row: row.letter):
        double = {name for name in found if found.count(name) > 1}
        found = [
            f"{name} ({longer(row)})" if name in double and 0 < len(longer(row)) <= 40 else name
            for name, row in zip(found, rows, strict=True)
        ]
    return found


def _curves(table: Table) -> Drawing | None:
    """Precision against recall of the best rows; of hash codes, those of most bits."""
    section = table.sections()[-1] if table.sections() else []
    rows = [table.rows[number] for number in section if table.rows[number].runs[0].curves]
    shown, labels = rows[:MOST], names(rows[:MOST], bits=False)
    if not shown:
        return None
    panels = []
    for direction in DIRECTIONS:
        curves = [
            Line(label, *_mean_curve(row, direction))
            for label, row in zip(labels, shown, strict=True)
            if all(direction in run.curves for run in row.runs)
        ]
        panels.append(Panel(said(direction), curves))
    heading = title(table)
    if table.hashing and shown[0].width:
        heading += f" · {shown[0].width} bits"
    if len(rows) > len(shown):
        heading += f" · the best {len(shown)} of {len(rows)}"
    return lines(panels, x=said("recall"), y=said("precision"), title=heading)


def _mean_curve(row: Row, direction: str) -> tuple[np.ndarray, np.ndarray]:
    """(x, y) of a row: recall and precision; the mean over seeds where they have the same points."""
    precision_recall = [run.curves[direction] for run in row.runs]
    same = [points for points in precision_recall if points.shape == precision_recall[0].shape]
    precision, recall = np.mean(same, axis=0)
    return recall, precision


def _bars(table: Table) -> Drawing | None:
    rows = table.good
    if not rows:
        return None
    kinds = []
    for direction in DIRECTIONS:
        key = f"{direction}/{table.metric}"
        scores = [row.scores.get(key) for row in rows]
        values = np.array([np.nan if score is None else score.value for score in scores])
        spreads = np.array([np.nan if score is None else score.spread for score in scores])
        kinds.append(Bars(said(direction), values, spreads, table.chance.get(key)))
    return bars(names(rows, bits=table.hashing), kinds, x=metric_name(table.metric), title=title(table))


def _training(table: Table) -> Drawing | None:
    """How the first run of the best rows was trained."""
    rows = [row for row in table.good if row.runs[0].course]
    shown = rows[:MOST]
    courses = {
        name: row.runs[0].course for name, row in zip(names(shown, bits=table.hashing), shown, strict=True)
    }
    heading = f"{title(table)} · {said('course')}"
    if len(rows) > len(shown):
        heading += f" · the best {len(shown)} of {len(rows)}"
    return curves.training(courses, heading)


def _against_bits(table: Table) -> Drawing | None:
    if not table.hashing or len(table.sections()) < 2:
        return None
    same: dict[tuple[str, str], list[Row]] = {}
    for row in table.good:
        same.setdefault((row.method, settings(row)), []).append(row)
    same = dict(sorted(same.items(), key=lambda item: table.rows.index(item[1][-1]))[:MOST])
    labels = names([rows[0] for rows in same.values()], bits=False)
    panels = []
    for direction in DIRECTIONS:
        key = f"{direction}/{table.metric}"
        drawn = []
        for label, rows in zip(labels, same.values(), strict=True):
            some = [row for row in rows if key in row.scores and row.width]
            middle = np.array([row.scores[key].value for row in some])
            half = np.nan_to_num([row.scores[key].spread for row in some])
            drawn.append(
                Line(label, np.array([row.width for row in some]), middle, middle - half, middle + half)
            )
        panels.append(Panel(said(direction), drawn, table.chance.get(key)))
    ticks = np.array(sorted({row.width for row in table.good if row.width}))
    return lines(panels, x=said("bits"), y=metric_name(table.metric), title=title(table), ticks=ticks)
