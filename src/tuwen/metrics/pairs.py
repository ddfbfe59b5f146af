"""Precision, recall and F1 of predicted pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.metrics.measured import Measured, Protocol
from tuwen.metrics.metric import Figure


@dataclass(frozen=True, eq=False)
class PairFigures:
    """How well predicted pairs agree with the true ones (002 eqs. 1 to 3). A share of nothing is 0.

    Attributes:
        both: Pairs that are predicted and true (TP).
        predicted: Pairs that are predicted.
        true: Pairs that are true.
        by_image: F1 of the pairs of each image, for `compare`; NaN for those with neither.
    """

    both: int
    predicted: int
    true: int
    by_image: Measured

    @property
    def precision(self) -> float:
        """Share of the predicted pairs that are true."""
        return self.both / max(self.predicted, 1)

    @property
    def recall(self) -> float:
        """Share of the true pairs that are predicted."""
        return self.both / max(self.true, 1)

    @property
    def f1(self) -> float:
        """2 TP / (2 TP + FP + FN), the harmonic mean of precision and recall."""
        return 2 * self.both / max(self.predicted + self.true, 1)

    def __str__(self) -> str:
        return (
            f"P {self.precision:.4f}, R {self.recall:.4f}, F1 {self.f1:.4f} "
            f"({self.both} right of {self.predicted} predicted, {self.true} true)"
        )


def pair_figures(
    predicted: Array, true: Array, *, images: int | None = None, texts: int | None = None
) -> PairFigures:
    """Compare predicted with true pairs; the order of pairs does not matter, repeated ones count once.

    Args:
        predicted: (p, 2) row numbers: image, text.
        true: (t, 2).
        images: How many there are; without it as many as the pairs name. Runs that are to be compared need
            the same number.
        texts: The same of texts.

    Raises:
        InputError: Pairs have another shape, negative numbers, or numbers beyond `images` or `texts`.
    """
    predicted, true = _unique("predicted", predicted), _unique("true", true)
    named = [1 + int(max(predicted[:, i].max(initial=-1), true[:, i].max(initial=-1))) for i in (0, 1)]
    images, texts = named[0] if images is None else images, named[1] if texts is None else texts
    if named[0] > images or named[1] > texts:
        raise InputError(
            f"pairs name image {named[0] - 1} and text {named[1] - 1} as the last; there are {images} images "
            f"and {texts} texts, counted from 0"
        )
    right = np.intersect1d(predicted @ [texts, 1], true @ [texts, 1]) // max(texts, 1)
    counts = [np.bincount(rows, minlength=images) for rows in (right, predicted[:, 0], true[:, 0])]
    some = counts[1] + counts[2]
    values = np.where(some > 0, 2 * counts[0] / np.maximum(some, 1), np.nan)
    protocol = Protocol(
        _F1(), "expected", "skip", "in the list of true pairs", images, int((some == 0).sum()), texts
    )
    return PairFigures(len(right), len(predicted), len(true), Measured(protocol, values))


@dataclass(frozen=True)
class _F1(Figure):
    @property
    def title(self) -> str:
        return "F1 of an image's pairs"


def _unique(name: str, pairs: Array) -> Array:
    pairs = np.asarray(pairs)
    if pairs.size == 0:
        return np.empty((0, 2), dtype=np.int64)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu" or pairs.min() < 0:
        raise InputError(
            f"{name} has shape {pairs.shape} of {pairs.dtype}; pairs are (p, 2) row numbers from 0 on"
        )
    return np.unique(pairs.astype(np.int64), axis=0)
