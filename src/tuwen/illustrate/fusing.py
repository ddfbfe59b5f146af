"""One order made of several rankings: fused, or intersected as paper 000 does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from tuwen.arrays import Array
from tuwen.illustrate.base import Signal

Fusing = Literal["reciprocal-rank", "weighted", "learned"]

RANK = 60  # Cormack, Clarke & Buettcher, SIGIR 2009


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """Items in an order, and what each ranking gave to it.

    Attributes:
        rows: Items, best first.
        scores: (n,) of all items; only those in `rows` mean something.
        shares: (n,) by ranking: its part of the score.
    """

    rows: Array
    scores: Array
    shares: Mapping[str, Array] = field(default_factory=dict)


def fuse(
    signals: Sequence[Signal], candidates: Array, weights: Mapping[str, float], *, by_rank: bool
) -> Order:
    """All candidates that some ranking knows, by the weighted sum of what the rankings say.

    Args:
        signals: Rankings of the same items.
        candidates: (n,) bool, which may be an answer.
        weights: By ranking; 1 where none is given.
        by_rank: Sum 1 / (60 + rank), else scores in standard deviations from the mean of the candidates.
            An item that a ranking does not know gets nothing from it, so that a picture without a text is
            not punished for that.
    """
    shares: dict[str, Array] = {}
    for signal in signals:
        weight = np.float32(weights.get(signal.name, 1.0))
        shares[signal.name] = weight * (_by_rank(signal) if by_rank else standard(signal.scores))
    scores = np.zeros(len(candidates), dtype=np.float32)
    known = np.zeros(len(candidates), dtype=bool)
    for signal in signals:
        scores += shares[signal.name]
        known |= ~np.isnan(signal.scores)
    rows = np.flatnonzero(candidates & known)
    return Order(rows[np.argsort(-scores[rows], kind="stable")], scores, shares)


def intersect(first: Signal, second: Signal, reach: int) -> Order:
    """Items among the nearest `reach` of both rankings, in the order of the first.

    Paper 000: nearest pictures whose numbers stand among the nearest texts too.
    """
    among = _nearest(first, reach)
    others = set(_nearest(second, reach).tolist())
    rows = np.array([row for row in among.tolist() if row in others], dtype=np.int64)
    return Order(rows, first.scores)


def standard(scores: Array) -> Array:
    """Scores less their mean, in standard deviations, (n,) float32; 0 where there is none."""
    known = ~np.isnan(scores)
    if not known.any():
        return np.zeros(len(scores), dtype=np.float32)
    spread = float(scores[known].std(dtype=np.float64))
    if spread < 1e-9:  # a ranking that says the same of every item says nothing
        return np.zeros(len(scores), dtype=np.float32)
    middle = float(scores[known].mean(dtype=np.float64))
    return np.where(known, (scores - middle) / spread, 0).astype(np.float32)


def _by_rank(signal: Signal) -> Array:
    places = signal.places()
    return np.where(places > 0, 1 / (RANK + places), 0).astype(np.float32)


def _nearest(signal: Signal, reach: int) -> Array:
    known = np.flatnonzero(~np.isnan(signal.scores))
    return known[np.argsort(-signal.scores[known], kind="stable")[:reach]]
