"""A linear probe: multinomial logistic regression on vectors that some encoder made."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.classes.base import VectorClassifier
from tuwen.classes.folds import folds
from tuwen.errors import InputError

GRID = (1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0)
MOST = 5000  # examples that the strength is chosen with


@dataclass(kw_only=True, eq=False)
class Probe(VectorClassifier):
    """Finds the planes between classes of vectors; the encoder stays as it is.

    Minimises Σ log loss + 1/(2·strength) ‖W‖² over W (d, c) and a bias for each class, on vectors from which
    the mean was taken and whose mean square column was scaled to 1, so that one strength means the same for
    every encoder. Of one example a class upwards it gives an answer; from two a class on the strength
    is chosen.

    Args:
        strength: How far W may grow, such as 0.01; None chooses it by the log loss of a
            cross-validation within the examples, in which a class of one example is never held out.
        seed: Of the parts of that cross-validation.

    Attributes:
        strength_: The one used.
    """

    strength: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.strength is not None and not self.strength > 0:
            raise InputError(f"strength is {self.strength}; it must be above 0, or None to choose it")

    def _fit(self, items: Array, numbers: Array, classes: list[str]) -> None:
        self.mean_ = items.mean(axis=0, dtype=np.float64)
        centred = items - self.mean_
        self.scale_ = float(np.sqrt(np.mean(centred**2))) or 1.0
        x = centred / self.scale_
        self.strength_ = self.strength or self._choose(x, numbers)
        self.weights_, self.bias_ = _solve(x, numbers, len(classes), self.strength_)

    def _probabilities(self, items: Array) -> Array:
        from scipy.special import softmax

        scores = (items - self.mean_) / self.scale_ @ self.weights_ + self.bias_
        return np.asarray(softmax(scores, axis=1))

    def _choose(self, x: Array, numbers: Array) -> float:
        """The strength of the least log loss on examples held out; the smaller of two equal ones."""
        if len(x) > MOST:
            some = np.random.default_rng(self.seed).permutation(len(x))[:MOST]
            x, numbers = x[some], numbers[some]
        parts = folds(numbers, self.seed)
        if not parts:
            return 0.1
        losses = np.zeros(len(GRID))
        for train, held in parts:
            known, places = np.unique(numbers[train], return_inverse=True)
            if len(known) < 2:
                continue
            truth = np.searchsorted(known, numbers[held])
            for place, strength in enumerate(GRID):
                w, b = _solve(x[train], places, len(known), strength)
                losses[place] += _log_loss(x[held] @ w + b, truth)
        return GRID[int(losses.argmin())]

    def _settle(self) -> None:
        super()._settle()
        shapes = np.shape(self.mean_), np.shape(self.weights_), np.shape(self.bias_)
        width, count = self.width_, len(self.classes_)
        if shapes != ((width,), (width, count), (count,)):
            raise ValueError(f"its arrays have shapes {shapes}")


def _solve(x: Array, numbers: Array, count: int, strength: float) -> tuple[Array, Array]:
    """Weights (d, count) and bias (count,)."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=300, tol=1e-3)
    with warnings.catch_warnings():
        # where classes part cleanly the last digits take long and change no answer
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x, numbers)
    w, b = model.coef_.T, model.intercept_
    if count == 2:  # of two classes only the second is written
        w, b = np.hstack([np.zeros_like(w), w]), np.concatenate([[0.0], b])
    return np.asarray(w), np.asarray(b)


def _log_loss(scores: Array, truth: Array) -> float:
    from scipy.special import log_softmax

    return -float(log_softmax(scores, axis=1)[np.arange(len(truth)), truth].sum())
