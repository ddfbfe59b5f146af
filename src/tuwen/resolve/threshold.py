"""The threshold that keeps a promised precision, chosen on validation pairs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.resolve.curves import PairCurve

_TRIED = 50  # thresholds that are tested; each more makes every bound a little wider


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold, and what it gave on the validation pairs.

    Attributes:
        value: Pairs that reach it are kept.
        precision: Share of true ones among the validation pairs kept.
        low: What the precision is at least, with the confidence asked.
        recall: Share of the true validation pairs that are kept.
        pairs: Validation pairs kept.
        sure: Whether `low` reaches the target; where it cannot, `value` goes by `precision` alone.
    """

    value: float
    precision: float
    low: float
    recall: float
    pairs: int
    sure: bool


def threshold_for(curve: PairCurve, precision: float, *, confidence: float = 0.95) -> Threshold | None:
    """The lowest threshold whose precision reaches a target.

    A few thresholds are tested, each with Clopper and Pearson's exact lower bound at a level divided by their
    number (Bonferroni), so that all bounds hold at once and the best of them may be chosen. Where no bound
    reaches the target, since validation pairs are too few or scores not good enough, the lowest threshold
    whose observed precision does is returned, and says that it is not sure.

    Args:
        curve: Of validation pairs, decided in the way that will be used.
        precision: The target, above 0 and below 1.
        confidence: How sure the bound is.

    Returns:
        The threshold; None when not even the observed precision reaches the target anywhere.

    Raises:
        InputError: A number is out of range.
    """
    for name, value in (("precision", precision), ("confidence", confidence)):
        if not 0 < value < 1:
            raise InputError(f"{name} is {value}; it is a share above 0 and below 1")
    if not len(curve.kept):
        return None
    tried = _tried(curve, precision, confidence)
    level = (1 - confidence) / max(len(tried), 1)
    lows = _lower_bounds(curve.right[tried], curve.kept[tried], level)
    sure = np.flatnonzero(lows >= precision)
    if len(sure):
        return _at(curve, int(tried[sure[-1]]), float(lows[sure[-1]]), True)
    reached = np.flatnonzero(curve.precision >= precision)
    if not len(reached):
        return None
    place = int(reached[-1])
    low = _lower_bounds(curve.right[[place]], curve.kept[[place]], 1 - confidence)
    return _at(curve, place, float(low[0]), False)


def threshold_of_best_f1(probability: Array, expected: float) -> float:
    """The threshold of the largest F1 that probabilities let expect; no truth is asked.

    Of the k surest pairs as many are expected to be true as their probabilities sum up to, s; so F1 is
    expected to be 2 s / (k + all true pairs) (Lipton et al. 2014).

    Args:
        probability: (k,) of the pairs that are kept at the lowest threshold.
        expected: How many true pairs there are, such as the sum over all candidates.

    Returns:
        A probability of a pair; a number above 1 where no pair is likely at all.
    """
    falling = np.sort(np.asarray(probability, dtype=np.float64))[::-1]
    if not len(falling) or falling[0] <= 0:
        return float(np.nextafter(1.0, 2.0))
    f1 = 2 * np.cumsum(falling) / (np.arange(1, len(falling) + 1) + expected)
    return float(falling[f1.argmax()])


def _tried(curve: PairCurve, precision: float, confidence: float) -> Array:
    """Points of the curve, from the fewest pairs that could pass to all, each some times the one before."""
    fewest = math.ceil(math.log((1 - confidence) / _TRIED) / math.log(precision))
    if fewest > curve.kept[-1]:
        return np.empty(0, dtype=np.intp)
    wanted = np.geomspace(fewest, curve.kept[-1], _TRIED)
    # the last point of at most so many pairs, so that what is tested does not depend on the truth
    places = np.searchsorted(curve.kept, np.floor(wanted + 1e-9), side="right") - 1
    return np.unique(places[places >= 0])


def _lower_bounds(right: Array, counts: Array, level: float) -> Array:
    from scipy.stats import beta

    bounds = beta.ppf(level, right, counts - right + 1)
    return np.where(right > 0, bounds, 0.0)


def _at(curve: PairCurve, place: int, low: float, sure: bool) -> Threshold:
    return Threshold(
        float(curve.thresholds[place]),
        float(curve.precision[place]),
        low,
        float(curve.recall[place]),
        int(curve.kept[place]),
        sure,
    )
