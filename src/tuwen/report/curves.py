"""How training went: loss and validation by epoch, with a ring at the epoch that was kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tuwen.report import plots
from tuwen.report.plots import Drawing, Line, Panel, lines
from tuwen.report.words import said

NAME = "training"


def training(courses: Mapping[str, Mapping[str, Any]], title: str = "") -> Drawing | None:
    """Loss and validation by epoch, a line a name; None when no course has an epoch.

    Args:
        courses: By name, as `Method.course` tells it.
        title: Above all.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    panels = []
    for part, word in (("loss", "loss"), ("validation", "held_out")):
        drawn = [_line(name, course, part) for name, course in courses.items() if course.get(part)]
        if drawn:
            panels.append(Panel(said(word), drawn))
    if not panels:
        return None
    return lines(panels, x=said("epoch"), y="", title=title, mark=said("kept"), apart=True)


def keep(folder: Path, name: str, course: Mapping[str, Any]) -> bool:
    """Write `training.svg` and `training.png` of one method; whether there was something to draw, and with.

    Args:
        folder: Where.
        name: Of the method.
        course: As `Method.course` tells it.
    """
    drawing = training({name: course}, title=name) if plots.available() else None
    if drawing is not None:
        drawing.write(folder, NAME)
    return drawing is not None


def _line(name: str, course: Mapping[str, Any], part: str) -> Line:
    values = np.asarray(course[part], dtype=np.float64)
    kept = int(course.get("epoch", 0)) - 1
    return Line(name, np.arange(1, len(values) + 1), values, mark=kept if 0 <= kept < len(values) else None)
