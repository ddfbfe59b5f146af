"""Cosines with words as probabilities: one slope, and a threshold for each label, from labelled items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array

TEMPERATURE = 0.05
"""Of a softmax over cosines that nobody has calibrated; chosen for `mini` on emoji (docs/tag.md)."""


@dataclass(frozen=True)
class Scale:
    """What turns cosines into logits.

    Attributes:
        slope: The same for all labels.
        bias: (l,) one a label.
    """

    slope: float
    bias: Array

    @classmethod
    def untold(cls, count: int) -> Scale:
        """Without labelled items."""
        return cls(1 / TEMPERATURE, np.zeros(count))


def learn_scale(scores: Array, allowed: Array, sure: Array, *, many: bool) -> Scale:
    """The scale under which labelled items are most likely.

    Minimises the log loss + ½ Σ d² + ½ (log slope/start)², where d is how far a label's bias is from that
    of all: few items of a label move it little.

    Args:
        scores: (n, l) cosines.
        allowed: (n, l) which labels an item has; of one label, any of these is right.
        sure: (n, l) where that is known; elsewhere nothing is learned of several labels.
        many: Several labels, each by itself; otherwise one of all.
    """
    from scipy.optimize import minimize

    scores = scores.astype(np.float64)
    count = scores.shape[1]
    loss = _independent if many else _exclusive

    def objective(flat: Array) -> tuple[float, Array]:
        slope, shift, own = np.exp(flat[0]), flat[1], flat[2:]
        value, pull = loss(slope * scores + shift + own, allowed, sure)  # pull: (n, l) d value / d logits
        far = flat[0] - start
        value += 0.5 * float(own @ own) + 0.5 * far**2
        gradient = np.concatenate([[slope * (pull * scores).sum() + far, pull.sum()], pull.sum(0) + own])
        return value, gradient

    start = -np.log(TEMPERATURE)
    first = np.concatenate([[start, -np.exp(start) * float(scores.mean()) if many else 0.0], np.zeros(count)])
    found = minimize(objective, first, jac=True, method="L-BFGS-B").x
    return Scale(float(np.exp(found[0])), found[1] + found[2:])


def best_threshold(probabilities: Array, has: Array) -> float:
    """The probability from which on labels are given, so that F1 over all labels and items is highest.

    Args:
        probabilities: (n, c).
        has: (n, c) which are true.
    """
    order = np.argsort(-probabilities, axis=None, kind="stable")
    values, true = probabilities.ravel()[order], has.ravel()[order]
    if not true.any():
        return 0.5
    f1 = 2 * np.cumsum(true) / (np.arange(1, len(true) + 1) + true.sum())
    # between equal probabilities no threshold can cut
    f1[:-1][values[:-1] == values[1:]] = -1
    best = int(f1.argmax())
    after = float(values[best + 1]) if best + 1 < len(values) else 0.0
    return (float(values[best]) + after) / 2


def _exclusive(logits: Array, allowed: Array, sure: Array) -> tuple[float, Array]:
    """-Σ log of the share of what is allowed."""
    from scipy.special import logsumexp, softmax

    inside = np.where(allowed, logits, -np.inf)
    value = float((logsumexp(logits, axis=1) - logsumexp(inside, axis=1)).sum())
    return value, softmax(logits, axis=1) - softmax(inside, axis=1)


def _independent(logits: Array, allowed: Array, sure: Array) -> tuple[float, Array]:
    """-Σ log σ(±logit) where it is known."""
    from scipy.special import expit

    signs = np.where(allowed, 1.0, -1.0)
    value = float(np.logaddexp(0, -signs * logits)[sure].sum())
    return value, -signs * expit(-signs * logits) * sure
