"""What other thresholds would give, and whether probabilities keep their word."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class PairCurve:
    """What other thresholds would give; pairs of equal score come together.

    Attributes:
        thresholds: (p,) falling.
        kept: (p,) pairs at or above the threshold.
        right: (p,) true ones among them.
        true: All true pairs.
    """

    thresholds: Array
    kept: Array
    right: Array
    true: int

    @property
    def precision(self) -> Array:
        """(p,)."""
        return np.asarray(self.right / np.maximum(self.kept, 1))

    @property
    def recall(self) -> Array:
        """(p,), of all true pairs."""
        return np.asarray(self.right / max(self.true, 1))

    @property
    def f1(self) -> Array:
        """(p,)."""
        return np.asarray(2 * self.right / np.maximum(self.kept + self.true, 1))

    @property
    def best(self) -> int:
        """The point of the largest F1, at the highest threshold of several."""
        return int(self.f1.argmax())

    def precision_at(self, recall: float) -> float:
        """Precision at the first threshold, from above, that reaches a recall; NaN when none does."""
        reached = np.flatnonzero(self.recall >= recall - 1e-12)
        return float(self.precision[reached[0]]) if len(reached) else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Do probabilities keep their word? Pairs in bins of equal width, by probability.

    Attributes:
        predicted: (b,) mean probability.
        observed: (b,) share of true pairs.
        low: (b,) lower ends of the 95 % Wilson interval of `observed`.
        high: (b,) upper ends.
        counts: (b,) pairs.
        brier: Mean squared difference of probability and truth.
    """

    predicted: Array
    observed: Array
    low: Array
    high: Array
    counts: Array
    brier: float

    @property
    def error(self) -> float:
        """Mean absolute difference of probability and share, over pairs: the expected calibration error."""
        return float(np.average(np.abs(self.predicted - self.observed), weights=self.counts))


def pair_curve(score: Array, true: Array, total: int) -> PairCurve:
    """Precision and recall at every threshold.

    Args:
        score: (k,) of the pairs that some threshold would keep.
        true: (k,) bool, which of them are true.
        total: How many true pairs there are in all, also beyond these.
    """
    order = np.argsort(-score, kind="stable")
    falling, right = score[order], np.cumsum(true[order])
    ends = np.flatnonzero(np.append(falling[1:] != falling[:-1], True)) if len(falling) else order
    return PairCurve(falling[ends], ends + 1, right[ends], total)


def calibration(probability: Array, true: Array, *, bins: int = 10) -> Calibration:
    """Observed shares of true pairs beside the probabilities that were given for them.

    Args:
        probability: (k,) in [0, 1].
        true: (k,) bool.
        bins: Bins of equal width from 0 to 1; empty ones are left out.

    Raises:
        InputError: There are no pairs, or a probability is outside [0, 1].
    """
    if not len(probability) or not ((probability >= 0) & (probability <= 1)).all():
        raise InputError("calibration needs at least one pair, and probabilities from 0 to 1")
    number = np.minimum((probability * bins).astype(np.intp), bins - 1)
    counts = np.bincount(number, minlength=bins)
    some = counts > 0
    counts = counts[some]
    predicted, right = (np.bincount(number, values, bins)[some] for values in (probability, true))
    low, high = wilson(right, counts)
    brier = float(np.mean((probability - true) ** 2))
    return Calibration(predicted / counts, right / counts, low, high, counts, brier)


def wilson(right: Array, counts: Array, *, z: float = 1.96) -> tuple[Array, Array]:
    """Ends of Wilson's interval of a share, 95 % by default."""
    share = right / counts
    middle = (share + z**2 / (2 * counts)) / (1 + z**2 / counts)
    half = z * np.sqrt(share * (1 - share) / counts + z**2 / (4 * counts**2)) / (1 + z**2 / counts)
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)
