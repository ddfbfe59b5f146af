"""How well a classifier does on items whose class is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tuwen.arrays import Array, check_matrix
from tuwen.classes.base import names_of
from tuwen.errors import InputError

_BINS = 15


@dataclass(frozen=True, eq=False)
class Scored:
    """Classes that were given beside those that are true. A share of nothing is 0.

    Attributes:
        classes: Names: those of the classifier, then true ones that it does not know.
        counts: (c, c) items of a class (rows) by the class given (columns).
        log_loss: Mean of -log(probability of the true class), over items of classes that are known.
        calibration_error: Mean distance of the stated probability from the share that was right, over 15
            bins of the probability of the class given (ECE).
    """

    classes: tuple[str, ...]
    counts: Array
    log_loss: float
    calibration_error: float

    @property
    def items(self) -> int:
        """How many items were scored."""
        return int(self.counts.sum())

    @property
    def accuracy(self) -> float:
        """Share of items that were given their own class."""
        return float(np.trace(self.counts) / max(self.items, 1))

    @property
    def precision(self) -> Array:
        """(c,) of the items given a class, the share that is of it."""
        return np.asarray(np.diag(self.counts) / np.maximum(self.counts.sum(axis=0), 1))

    @property
    def recall(self) -> Array:
        """(c,) of the items of a class, the share that was given it."""
        return np.asarray(np.diag(self.counts) / np.maximum(self.counts.sum(axis=1), 1))

    @property
    def f1(self) -> Array:
        """(c,) harmonic mean of precision and recall."""
        both = self.counts.sum(axis=0) + self.counts.sum(axis=1)
        return np.asarray(2 * np.diag(self.counts) / np.maximum(both, 1))

    @property
    def macro_f1(self) -> float:
        """Mean of `f1` over classes that have items."""
        held = self.counts.sum(axis=1) > 0
        return float(self.f1[held].mean()) if held.any() else 0.0

    def rows(self) -> list[dict[str, Any]]:
        """A row a class: items, precision, recall, F1 and the class that it is most often taken for."""
        wrong = self.counts.copy()
        np.fill_diagonal(wrong, 0)
        return [
            {
                "class": name,
                "items": int(self.counts[place].sum()),
                "precision": round(float(self.precision[place]), 4),
                "recall": round(float(self.recall[place]), 4),
                "f1": round(float(self.f1[place]), 4),
                "taken_for": self.classes[int(wrong[place].argmax())] if wrong[place].any() else "",
            }
            for place, name in enumerate(self.classes)
        ]


def score(probabilities: Array, classes: Sequence[str], labels: Sequence[str]) -> Scored:
    """Compare the most probable class of each item with its true one.

    Args:
        probabilities: (n, c); rows sum to 1.
        classes: (c,) names of the columns.
        labels: (n,) true classes; one that is no column counts as wrong.

    Raises:
        InputError: Shapes do not agree, or a label is no name.
    """
    probabilities, names = check_matrix("probabilities", probabilities, len(classes)), names_of(labels)
    if len(names) != len(probabilities):
        raise InputError(f"there are {len(probabilities)} items but {len(names)} labels; they must align")
    every = (*classes, *sorted(set(names) - set(classes)))
    place = {name: number for number, name in enumerate(every)}
    truth = np.array([place[name] for name in names], dtype=np.int64)
    given = probabilities.argmax(axis=1) if len(names) else truth
    counts = np.zeros((len(every), len(every)), dtype=np.int64)
    np.add.at(counts, (truth, given), 1)
    known = np.flatnonzero(truth < len(classes))
    own = probabilities[known, truth[known]]
    loss = float(-np.log(np.maximum(own, 1e-12)).mean()) if len(known) else float("nan")
    return Scored(every, counts, loss, _calibration_error(probabilities, given == truth))


def _calibration_error(probabilities: Array, right: Array) -> float:
    if not len(right):
        return float("nan")
    stated = probabilities.max(axis=1)
    bins = np.minimum((stated * _BINS).astype(np.int64), _BINS - 1)
    gaps = np.bincount(bins, stated - right, minlength=_BINS)
    return float(np.abs(gaps).sum() / len(right))
