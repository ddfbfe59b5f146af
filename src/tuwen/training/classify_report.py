"""What a trained classifier does on items held out: figures, and a page of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tuwen.arrays import Array
from tuwen.bench.machine import about as about_machine
from tuwen.files import replacing, write_json
from tuwen.metrics import interval
from tuwen.report import plots
from tuwen.training.evaluation import drawn


def figures(classes: list[str], truth: Array, probabilities: Array) -> dict[str, Any]:
    """Accuracy with its 95 % interval, the mean recall, chance, and rows of each class.

    Args:
        classes: (c,) names.
        truth: (n,) places in them.
        probabilities: (n, c).
    """
    found = probabilities.argmax(axis=1)
    right = found == truth
    low, high = interval(right.astype(np.float64))
    items = np.bincount(truth, minlength=len(classes))
    given = np.bincount(found, minlength=len(classes))
    hits = np.bincount(truth[right], minlength=len(classes))
    rows = [
        {
            "label": name,
            "items": int(items[n]),
            "precision": float(hits[n] / given[n]) if given[n] else None,
            "recall": float(hits[n] / items[n]) if items[n] else None,
            "f1": float(2 * hits[n] / (items[n] + given[n])) if items[n] + given[n] else None,
        }
        for n, name in enumerate(classes)
    ]
    return {
        "accuracy": float(right.mean()),
        "low": low,
        "high": high,
        "balanced": float(np.mean(hits[items > 0] / items[items > 0])),
        "chance": float(items.max() / len(truth)),
        "labels": rows,
    }


def write_report(folder: Path, about: dict[str, Any], found: dict[str, Any] | None) -> None:
    """Write `run.json`, `report.md` and, where matplotlib is installed, `curves.svg` and `curves.png`."""
    machine = about_machine()
    write_json(folder / "run.json", {**about, "machine": machine, "evaluation": found})
    task, course, plan = about["task"], about["course"], about["plan"]
    lines = [
        "# Training of a classifier",
        "",
        f"{task.get('text') or task.get('image')}, {len(task['classes'])} classes, {task['items']:,} items, "
        f"{course['step']:,} steps of {plan['batch_size'] * plan['accumulate']} in "
        f"{course['seconds']:,.0f} s; epoch {course['best_epoch']} of {plan['epochs']} was kept.",
        "",
        *([f"It ended early: {course['stopped']}.", ""] if course["stopped"] else []),
        *_tables(found, task["held out"]),
        f"Machine: {machine.get('processor', '')}, {machine['cores']} cores; {machine['date']}; "
        f"tuwen {machine['tuwen']}; seed {plan['seed']}.",
        "",
    ]
    if plots.available():
        drawn(course["curve"], course["best_epoch"] - 1).write(folder, "curves")
        lines += ["![Loss and validation by epoch](curves.png)", ""]
    with replacing(folder / "report.md") as temporary:
        temporary.write_text("\n".join(lines), encoding="utf-8")


def _tables(found: dict[str, Any] | None, held: int) -> list[str]:
    if found is None:
        return ["Nothing was held out, so there are no figures.", ""]
    lines = [
        f"Held out: {held:,} items. Accuracy {found['accuracy']:.4f} (95 %: {found['low']:.4f} to "
        f"{found['high']:.4f}), mean recall over classes {found['balanced']:.4f}; the commonest class alone "
        f"{found['chance']:.4f}. They chose the epoch, so the figures are a little hopeful.",
        "",
        "| class | items | precision | recall | F1 |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in found["labels"]:
        values = [("" if row[name] is None else f"{row[name]:.4f}") for name in ("precision", "recall", "f1")]
        lines.append(f"| {row['label'].replace('|', '&#124;')} | {row['items']} | {' | '.join(values)} |")
    return [*lines, ""]
