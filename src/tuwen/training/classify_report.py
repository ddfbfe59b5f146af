"""What a trained classifier does on items held out: figures, and a page of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tuwen.arrays import Array
from tuwen.metrics import interval
from tuwen.training import reporting


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
    """Write the figures as `reporting.write_report` does."""
    task = about["task"]
    told = f"{task.get('text') or task.get('image')}, {len(task['classes'])} classes, {task['items']:,} items"
    tables = [] if found is None else _tables(found, task["held out"])
    reporting.write_report(
        folder, about, found, title="Training of a classifier", task=told, each="items", tables=tables
    )


def _tables(found: dict[str, Any], held: int) -> list[str]:
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
