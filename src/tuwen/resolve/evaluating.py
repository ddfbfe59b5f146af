"""How well entities were resolved: pairs, what blocking lost, clusters, classes, curves, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.resolve.base import Candidates, Truth
from tuwen.resolve.curves import Calibration, PairCurve, calibration, pair_curve

NO_CLASS = "–"


@dataclass(frozen=True, slots=True)
class Blocking:
    """What blocking left to look at (of all pairs), and what it lost.

    Attributes:
        pairs: All pairs there are.
        candidates: Those that are looked at.
        true: Pairs that are of one entity.
        reached: True pairs among the candidates.
    """

    pairs: int
    candidates: int
    true: int
    reached: int

    @property
    def reduction_ratio(self) -> float:
        """Share of all pairs that need not be looked at."""
        return 1 - self.candidates / max(self.pairs, 1)

    @property
    def pair_completeness(self) -> float:
        """Share of the true pairs that are reached: no later step can have a higher recall."""
        return self.reached / max(self.true, 1)

    @property
    def pair_quality(self) -> float:
        """Share of the candidates that are true."""
        return self.reached / max(self.candidates, 1)


@dataclass(frozen=True, slots=True)
class PairCounts:
    """The four counts of decided pairs, over all pairs there are and not only the candidates.

    Attributes:
        tp: Kept and true.
        fp: Kept and not true.
        fn: True and not kept, whether blocking reached them or not.
        tn: Neither, whether blocking reached them or not.
    """

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def precision(self) -> float:
        """Share of the kept pairs that are true; 0 when none is kept."""
        return self.tp / max(self.tp + self.fp, 1)

    @property
    def recall(self) -> float:
        """Share of the true pairs that are kept; 0 when there is none."""
        return self.tp / max(self.tp + self.fn, 1)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.tp / max(2 * self.tp + self.fp + self.fn, 1)


@dataclass(frozen=True, slots=True, eq=False)
class ClassConfusion:
    """The class of each left item by the class of its partners.

    Attributes:
        classes: (c,) names; an item without one has the class `–`.
        counts: (c, c + 1) kept pairs by the class of the left and of the right item; the last column
            counts left items that have no partner.
    """

    classes: list[str]
    counts: Array

    @property
    def accuracy(self) -> float:
        """Share of kept pairs whose items have the same class."""
        pairs = self.counts[:, :-1]
        return float(np.trace(pairs) / max(pairs.sum(), 1))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `evaluate` finds; parts that need what was not given are None."""

    blocking: Blocking
    pairs: PairCounts
    curve: PairCurve | None = None
    calibration: Calibration | None = None
    confusion: ClassConfusion | None = None


def evaluate(
    kept: Array,
    candidates: Candidates,
    truth: Truth,
    *,
    score: Array | None = None,
    probability: Array | None = None,
    eligible: Array | None = None,
    classes: tuple[Sequence[str | None], Sequence[str | None]] | None = None,
) -> Evaluation:
    """Compare the kept candidates with the truth (002, precision, recall and F1 of pairs).

    Every pair of the two sides is counted once: a true pair that blocking did not reach is a miss, any
    other pair that it did not reach is rightly rejected. Repeated places and pairs count once, so that no
    share is above 1.

    Args:
        kept: Places of the candidates that were kept.
        candidates: What blocking left.
        truth: All true pairs.
        score: (m,) for the curve over thresholds.
        probability: (m,) for the calibration.
        eligible: Places of the candidates that would be kept at the lowest threshold, for the curve; such as
            the one-to-one choice among all. None takes all candidates, as when a threshold alone decides.
        classes: Class of each left and of each right item, None where it has none.

    Raises:
        InputError: `kept` or `eligible` names a candidate that is not there, or arrays do not align.
    """
    m = len(candidates)
    kept = _places("kept", kept, m)
    true = np.zeros(m, dtype=bool)
    where = candidates.rows_of(truth.left, truth.right)
    true[where[where >= 0]] = True
    total = len(_keys(truth, candidates))
    tp = int(true[kept].sum())
    fp, fn = len(kept) - tp, total - tp
    counts = PairCounts(tp, fp, fn, candidates.total - tp - fp - fn)
    curve = None
    if score is not None:
        some = np.arange(m) if eligible is None else _places("eligible", eligible, m)
        curve = pair_curve(_aligned("score", score, m)[some], true[some], total)
    measured = None
    if probability is not None and m:
        measured = calibration(_aligned("probability", probability, m), true)
    table = None
    if classes is not None:
        table = class_confusion(kept, candidates, *classes)
    reached = int(true.sum())
    return Evaluation(Blocking(candidates.total, m, total, reached), counts, curve, measured, table)


def class_confusion(
    kept: Array, candidates: Candidates, left: Sequence[str | None], right: Sequence[str | None]
) -> ClassConfusion:
    """Which classes are paired with which.

    Raises:
        InputError: Classes do not align with the sides.
    """
    if (len(left), len(right)) != candidates.shape:
        raise InputError(
            f"there are {len(left)} and {len(right)} classes for sides of {candidates.shape} items; "
            "give one each, None where an item has none"
        )
    names = sorted({name for name in (*left, *right) if name is not None})
    names += [NO_CLASS] if None in left or None in right else []
    place = {name: number for number, name in enumerate(names)}
    rows, columns = (
        np.array([place[NO_CLASS if name is None else name] for name in side], dtype=np.intp)
        for side in (left, right)
    )
    counts = np.zeros((len(names), len(names) + 1), dtype=np.int64)
    i, j = candidates.left[kept], candidates.right[kept]
    np.add.at(counts, (rows[i], columns[j]), 1)
    paired = np.concatenate([i, j]) if candidates.same else i
    alone = np.setdiff1d(np.arange(candidates.shape[0]), paired)
    np.add.at(counts, (rows[alone], len(names)), 1)
    return ClassConfusion(names, counts)


def _places(name: str, places: Array, count: int) -> Array:
    found = np.unique(np.asarray(places, dtype=np.intp))
    if len(found) and not 0 <= found[0] <= found[-1] < count:
        raise InputError(f"{name} names candidates {found[0]} to {found[-1]}; there are {count}, from 0 on")
    return found


def _aligned(name: str, values: Array, count: int) -> Array:
    values = np.asarray(values, dtype=np.float64)
    if values.shape != (count,) or not np.isfinite(values).all():
        raise InputError(
            f"{name} has shape {values.shape}; {count} finite numbers are needed, one a candidate"
        )
    return values


def _keys(truth: Truth, candidates: Candidates) -> Array:
    """One number a true pair, each once.

    Raises:
        InputError: A true pair names an item that is not there.
    """
    for side, rows, count in zip(("left", "right"), (truth.left, truth.right), candidates.shape, strict=True):
        if len(rows) and not 0 <= rows.min() <= rows.max() < count:
            raise InputError(
                f"the truth names {side} rows {rows.min()} to {rows.max()}; there are {count} items"
            )
    left, right = truth.left.astype(np.int64), truth.right.astype(np.int64)
    if candidates.same:
        left, right = np.minimum(left, right), np.maximum(left, right)
    return np.unique(left * max(candidates.shape[1], 1) + right)
