"""What a fine-tuning gained, lost and cost, as report.md and training.json."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tuwen.files import replacing, write_json
from tuwen.report import plots
from tuwen.training import reporting
from tuwen.training.replay import forgetting

if TYPE_CHECKING:
    from tuwen.training.clip import Tuned
    from tuwen.training.clip_task import Tuning
    from tuwen.training.task import Plan

_KS = ("R@1", "R@5", "R@10")
_WAYS = {"i2t": "picture → text", "t2i": "text → picture"}


def write(done: Tuned, encoder: str, plan: Plan, tuning: Tuning) -> None:
    """Write both files into the folder of the result."""
    about = {
        "encoder": encoder,
        "plan": asdict(plan),
        "tuning": asdict(tuning),
        "pairs": dict(zip(("learned", "held_out", "old"), done.pairs, strict=True)),
        "recall": {"before": done.before, "after": done.after},
        "old": {"before": done.old_before, "after": done.old_after},
        "itm": done.itm,
        "course": asdict(done.course),
        "refused": len(done.refusals),
        "notes": list(done.notes),
    }
    write_json(done.folder / "training.json", about)
    if plots.available():
        reporting.drawn(done.course.curve, done.course.best_epoch - 1).write(done.folder, "curves")
    text = "\n".join(_lines(done, encoder, plan, tuning)) + "\n"
    with replacing(done.folder / "report.md") as temporary:
        temporary.write_text(text, encoding="utf-8")


def _lines(done: Tuned, encoder: str, plan: Plan, tuning: Tuning) -> list[str]:
    learned, held, old = done.pairs
    course = done.course
    lines = [f"# {encoder}, fine-tuned", ""]
    lines += [f"Learned from {learned:,} pairs" + (f" and {old:,} old ones an epoch" if old else "") + "."]
    rate = course.step / course.seconds * plan.batch_size if course.seconds else 0.0
    what = "the text tower" if tuning.stage == "text" else "both towers"
    if tuning.freeze_vision and tuning.stage == "full":
        what += f" (the picture tower frozen until epoch {tuning.freeze_vision + 1})"
    lines += [
        f"Trained {what}" + (f" with LoRA of rank {tuning.lora}" if tuning.lora else "")
        + f": {course.epoch} epochs, {course.step:,} steps of up to {plan.batch_size:,} pairs, "
        f"{course.seconds:,.0f} s (about {rate:,.1f} pairs/s, validation included). "
        f"Epoch {course.best_epoch} is kept.",
    ]  # fmt: skip
    if done.before:
        lines += ["", f"## Recall on {held:,} held-out pairs, %", "", *_table(done.before, done.after)]
    if done.old_before:
        lost = forgetting(done.old_before, done.old_after)
        lines += ["", "## Recall on held-out old pairs, %", "", *_table(done.old_before, done.old_after)]
        lines += ["", f"Forgetting: {lost:+.2f} points of mean recall (below zero is a gain)."]
    if done.itm:
        lines += [
            "",
            f"## Matching head: its first {done.itm[-1]['depth']} hits against stage one, %",
            "",
            *_itm(done.itm),
        ]
    lines += ["", "## Epochs", "", "| epoch | loss | mean recall | learning rate |", "|---|---|---|---|"]
    curve = course.curve
    for number, row in enumerate(
        zip(curve["loss"], curve["validation"], curve["learning_rate"], strict=True), 1
    ):
        lines.append(f"| {number} | {row[0]:.4f} | {row[1]:.2f} | {row[2]:.2e} |")
    if plots.available():
        lines += ["", "![Loss and recall by epoch](curves.png)"]
    for title, items in (
        ("Notes", list(done.notes)),
        ("Left out", [f"{one.item}: {one.reason}" for one in done.refusals[:20]]),
    ):
        if items:
            lines += ["", f"## {title}", "", *(f"- {item}" for item in items)]
    return lines


def _table(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> list[str]:
    head = "| direction | " + " | ".join(f"{k} before | {k} after" for k in _KS) + " |"
    lines = [head, "|" + "---|" * (1 + 2 * len(_KS))]
    for one, two in zip(before, after, strict=True):
        cells = " | ".join(f"{one[k]:.1f} | {two[k]:.1f}" for k in _KS)
        lines.append(f"| {_WAYS[one['direction']]} | {cells} |")
    return lines


def _itm(rows: Sequence[dict[str, Any]]) -> list[str]:
    lines = ["| direction | scores | " + " | ".join(_KS) + " | ms a query |", "|" + "---|" * (3 + len(_KS))]
    for row in rows:
        cells = " | ".join(f"{row[k]:.1f}" for k in _KS)
        spent = f"{row['ms']:.1f}" if "ms" in row else ""
        lines.append(f"| {_WAYS[row['direction']]} | {row['scores']} | {cells} | {spent} |")
    return lines
