"""What a classifier is trained on: texts or pictures with their classes, and which are held out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tuwen.arrays import Array
from tuwen.data import open_source
from tuwen.errors import InputError
from tuwen.records import Picture, Record, Refusal

MOST = 5000  # items held out
_SHOWN = 5

Takes = Literal["texts", "pictures"]


@dataclass
class Labelled:
    """Items with the names of their classes.

    Attributes:
        items: (n) texts, or pictures.
        labels: (n) names.
        refusals: What was left out, and why.
        notes: What else one should know.
    """

    items: list[str] | list[Picture]
    labels: list[str]
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def classes(self) -> list[str]:
        """Names, sorted."""
        return sorted(set(self.labels))

    def take(self, rows: Array) -> Labelled:
        """Some of them; refusals stay behind."""
        items: Any = [self.items[row] for row in rows]
        return Labelled(items, [self.labels[row] for row in rows])

    def split(self, share: float, seed: int) -> tuple[Labelled, Labelled]:
        """What is learned from, at least one of each class, and the share of each that is held out."""
        random = np.random.default_rng(seed)
        names = np.array(self.labels)
        share = min(share, MOST / max(len(names), 1))
        held = np.zeros(len(names), dtype=bool)
        for name in self.classes:
            rows = random.permutation(np.flatnonzero(names == name))
            held[rows[: min(round(share * len(rows)), len(rows) - 1)]] = True
        return self.take(np.flatnonzero(~held)), self.take(np.flatnonzero(held))


def read_labelled(spec: str | Path, takes: Takes, *, labels: str | None = None, **columns: Any) -> Labelled:
    """Read texts or pictures with their classes; each item once.

    Refused and listed: items without a class, items that stand with two classes, empty texts.

    Args:
        spec: A source, as `data.open_source` takes it, with a column of classes.
        takes: `texts` or `pictures`.
        labels: The column of class names.
        columns: Further arguments of `open_source`.

    Raises:
        InputError: Fewer than two classes are left.
    """
    source = open_source(spec, label_column=labels, **columns)
    found: dict[str, tuple[str | Picture, set[str], str]] = {}
    refusals = []
    for record in source.records():
        if not isinstance(record, Record):
            refusals.append(record)
            continue
        items: list[tuple[str, str | Picture]] = (
            [(text.text, text.text) for text in record.texts]
            if takes == "texts"
            else [(picture.path, picture) for picture in record.images]
        )
        for key, item in items:
            if not key.strip():
                refusals.append(_refused(record.origin, "empty", "the text is empty"))
            elif not record.label:
                refusals.append(_refused(record.origin, "no-label", "it has no class"))
            else:
                found.setdefault(key, (item, set(), record.origin))[1].add(record.label)
    kept: list[Any] = []
    names = []
    for key, (item, classes, origin) in found.items():
        if len(classes) > 1:
            listed = " and ".join(map(repr, sorted(classes)))
            what = f"{key[:40]!r} stands with {listed}, which contradict each other"
            refusals.append(_refused(origin, "contradiction", what))
        else:
            kept.append(item)
            names.append(next(iter(classes)))
    if len(set(names)) < 2:
        first = f"; the first of {len(refusals)} left out: {refusals[0].reason}" if refusals else ""
        raise InputError(
            f"{source.path} has {takes} of {len(set(names))} classes; two at least are needed, in a column "
            f"named with --labels{first}"
        )
    return Labelled(kept, names, refusals, _notes(names))


def _refused(origin: str, code: str, reason: str) -> Refusal:
    return Refusal(item=origin, code=code, reason=f"{origin}: {reason}")


def _notes(names: list[str]) -> list[str]:
    alone = sorted(name for name, count in Counter(names).items() if count == 1)
    if not alone:
        return []
    more = f" and {len(alone) - _SHOWN:,} more" if len(alone) > _SHOWN else ""
    return [f"with one item only, learned from but never measured: {', '.join(alone[:_SHOWN])}{more}"]
