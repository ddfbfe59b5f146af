"""How good tags are: accuracy, precision and recall of each label, and what is taken for what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tuwen.arrays import Array
from tuwen.metrics import interval
from tuwen.tag.vocabulary import Vocabulary

NONE = ""
"""Name of what was found where no label was given."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Tags beside what is true, on items that were not learned from.

    Attributes:
        ids: (n,) items.
        true: Names of the labels of each, lowest first, those above a label after it.
        given: The same of the labels each got.
        figures: `items`, `accuracy` with `low` and `high` (95 %, bootstrap), `balanced` (the mean of the
            labels' recall), `chance` (always the commonest label), `tagged` (share with a label), `exact`
            where several labels may be right; `micro_f1` and `macro_f1` over all labels.
        labels: A dict each: `label`, `items`, `given`, `right`, `precision`, `recall`, `f1`; None where
            nothing was given or nothing is true.
        rows: True labels of the confusion matrix; empty where items have several.
        columns: What was found, the last `NONE`.
        cells: (rows, columns) items.
        row_of: (n,) row of each item; empty without a matrix.
        column_of: (n,) column of each item; the same.
    """

    ids: list[str]
    true: list[list[str]]
    given: list[list[str]]
    figures: dict[str, float]
    labels: list[dict[str, Any]]
    rows: list[str]
    columns: list[str]
    cells: Array
    row_of: Array
    column_of: Array


def evaluate(
    vocabulary: Vocabulary,
    ids: Sequence[str],
    truth: Sequence[tuple[int, ...]],
    chosen: Sequence[Sequence[int]],
    *,
    many: bool,
) -> Evaluation:
    """Compare the labels given with the true ones.

    A label counts with all above it, on both sides: who says animal of a dog is right about the animal.
    With one label an item, the item is right when its label, or one below it, was given.

    Args:
        vocabulary: The labels.
        ids: (n,).
        truth: Places of the lowest true labels of each item.
        chosen: Places of the labels given, from `deciding`.
        many: Whether items may have several labels.
    """
    count = len(vocabulary.labels)
    is_true, is_given = (np.zeros((len(ids), count), dtype=bool) for _ in range(2))
    for row, (places, found) in enumerate(zip(truth, chosen, strict=True)):
        for place in places:
            is_true[row, vocabulary.chain(place)] = True
        is_given[row, list(found)] = True
    if many:
        right = (is_true == is_given).all(axis=1)
    else:
        right = np.array(
            [places[0] in found for places, found in zip(truth, chosen, strict=True)], dtype=bool
        )
    labels = _labels(vocabulary, is_true, is_given)
    figures = _figures(right, is_true, is_given, labels)
    if not many:
        common = Counter(places[0] for places in truth)
        figures["chance"] = max(common.values()) / len(ids)
        recalls = [right[[p[0] == place for p in truth]].mean() for place in sorted(common)]
        figures["balanced"] = float(np.mean(recalls))
    names = vocabulary.names
    rows, columns, row_of, column_of = _cells(names, [] if many else truth, [] if many else chosen)
    cells = np.zeros((len(rows), len(columns)), dtype=np.int64)
    np.add.at(cells, (row_of, column_of), 1)
    return Evaluation(
        ids=list(ids),
        true=[
            list(dict.fromkeys(names[one] for place in places for one in vocabulary.chain(place)))
            for places in truth
        ],
        given=[[names[place] for place in found] for found in chosen],
        figures=figures,
        labels=labels,
        rows=rows,
        columns=columns,
        cells=cells,
        row_of=row_of,
        column_of=column_of,
    )


def _labels(vocabulary: Vocabulary, is_true: Array, is_given: Array) -> list[dict[str, Any]]:
    found = []
    for place, label in enumerate(vocabulary.labels):
        items, given = int(is_true[:, place].sum()), int(is_given[:, place].sum())
        right = int((is_true[:, place] & is_given[:, place]).sum())
        if items or given:
            found.append(
                {
                    "label": label.name,
                    "items": items,
                    "given": given,
                    "right": right,
                    "precision": right / given if given else None,
                    "recall": right / items if items else None,
                    "f1": 2 * right / (items + given),
                }
            )
    return found


def _figures(right: Array, is_true: Array, is_given: Array, labels: list[dict[str, Any]]) -> dict[str, float]:
    low, high = interval(right.astype(np.float64))
    return {
        "items": float(len(right)),
        "accuracy": float(right.mean()),
        "low": low,
        "high": high,
        "tagged": float(is_given.any(axis=1).mean()),
        "micro_f1": float(2 * (is_true & is_given).sum() / (is_true.sum() + is_given.sum())),
        "macro_f1": float(np.mean([label["f1"] for label in labels])),
    }


def _cells(
    names: list[str], truth: Sequence[tuple[int, ...]], chosen: Sequence[Sequence[int]]
) -> tuple[list[str], list[str], Array, Array]:
    """Rows and columns of the confusion matrix, and those of each item."""
    true = [places[0] for places in truth]
    found = [
        place if place in labels else (labels[0] if labels else -1)
        for place, labels in zip(true, chosen, strict=True)
    ]
    rows = sorted(set(true))
    columns = sorted({*true, *(place for place in found if place >= 0)})
    place_of = {place: n for n, place in enumerate(columns)} | {-1: len(columns)}
    return (
        [names[place] for place in rows],
        [*(names[place] for place in columns), NONE],
        np.array([rows.index(place) for place in true], dtype=np.int64),
        np.array([place_of[place] for place in found], dtype=np.int64),
    )
