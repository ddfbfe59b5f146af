"""The report of a training: what was done, on what machine, and its curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tuwen import machine
from tuwen.files import replacing, write_json
from tuwen.report import plots


def write_report(
    folder: Path,
    about: dict[str, Any],
    found: Any,
    *,
    title: str,
    task: str,
    each: str,
    tables: Sequence[str],
) -> None:
    """Write `run.json`, `report.md` and, where matplotlib is installed, `curves.svg` and `curves.png`.

    Args:
        folder: Where.
        about: `task`, `plan` and `course`, as values.
        found: The figures of what was held out, as values; None for none.
        title: Of the report.
        task: What was trained on what, in words.
        each: What a step takes several of, in the plural.
        tables: Lines that show the figures.
    """
    made_on = machine.about()
    write_json(folder / "run.json", {**about, "machine": made_on, "evaluation": found})
    course, plan = about["course"], about["plan"]
    lines = [
        f"# {title}",
        "",
        f"{task}, {course['step']:,} steps of {plan['batch_size'] * plan['accumulate']} {each} in "
        f"{course['seconds']:,.0f} s; epoch {course['best_epoch']} of {plan['epochs']} was kept.",
        "",
        *([f"It ended early: {course['stopped']}.", ""] if course["stopped"] else []),
        *(tables if found is not None else ["Nothing was held out, so there are no figures.", ""]),
        f"Machine: {made_on['processor']}, {made_on['cores']} cores, {made_on['threads']} threads of linear "
        f"algebra; {made_on['date']}; tuwen {made_on['tuwen']}; seed {plan['seed']}.",
        "",
    ]
    if plots.available():
        drawn(course["curve"], course["best_epoch"] - 1).write(folder, "curves")
        lines += ["![Loss and validation by epoch](curves.png)", ""]
    with replacing(folder / "report.md") as temporary:
        temporary.write_text("\n".join(lines), encoding="utf-8")


def drawn(curve: Mapping[str, Sequence[float]], kept: int) -> plots.Drawing:
    """Loss and validation by epoch, with a mark at the epoch that was kept, from 0 on."""
    panels = []
    for name in ("loss", "validation"):
        values = np.asarray(curve[name], dtype=np.float64)
        if len(values) and np.isfinite(values).any():
            panels.append(
                plots.Panel(name, [plots.Line(name, np.arange(1, len(values) + 1), values, mark=kept)])
            )
    return plots.lines(panels, x="epoch", y="", title="Training", mark="the epoch that was kept", apart=True)
