"""Classes by the nearest examples: nothing is fitted but how many of them are asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array, top_k, unit_rows
from tuwen.classes.base import VectorClassifier
from tuwen.errors import InputError

GRID = (1, 2, 3, 5, 8, 13, 21, 34)
BLOCK = 1 << 24  # similarities held at a time
MOST = 5000  # examples that the number is chosen with


@dataclass(kw_only=True, eq=False)
class Neighbours(VectorClassifier):
    """Lets the nearest examples vote on the class, by cosine.

    A neighbour of cosine s has exp((s - s₁)/temperature) votes, s₁ being that of the nearest (Wu et al.,
    "Unsupervised Feature Learning via Non-Parametric Instance Discrimination", CVPR 2018); one further vote
    is spread over the classes as the examples are, so that no probability is 0.

    Args:
        k: How many vote; None chooses by the log loss of leaving each example out.
        temperature: Of the votes; small lets the nearest alone decide.
        seed: Which examples the number is chosen with where there are more than 5,000.

    Attributes:
        k_: The number used.
    """

    k: int | None = None
    temperature: float = 0.07
    seed: int = 0

    def __post_init__(self) -> None:
        if self.k is not None and self.k < 1:
            raise InputError(f"k is {self.k}; it must be 1 or more, or None to choose it")
        if not self.temperature > 0:
            raise InputError(f"temperature is {self.temperature}; it must be above 0")

    def _fit(self, items: Array, numbers: Array, classes: list[str]) -> None:
        self.vectors_ = unit_rows(items)
        self.numbers_ = numbers
        self.shares_ = np.bincount(numbers, minlength=len(classes)) / len(numbers)
        self.k_ = min(self.k or self._choose(), len(items))

    def _probabilities(self, items: Array) -> Array:
        parts = [self._votes(*near, self.k_) for near in self._nearest(unit_rows(items), self.k_)]
        return np.concatenate(parts)

    def _nearest(self, units: Array, k: int) -> Iterator[tuple[Array, Array]]:
        """Places and cosines of the k nearest examples, in blocks of rows."""
        rows = max(1, BLOCK // len(self.vectors_))
        for start in range(0, len(units), rows):
            yield top_k(units[start : start + rows] @ self.vectors_.T, k)

    def _votes(self, places: Array, cosines: Array, k: int) -> Array:
        """Shares of the votes (n, c) of the first k."""
        places, cosines = places[:, :k], cosines[:, :k]
        weights = np.exp((cosines - cosines[:, :1]) / self.temperature)
        votes = np.zeros((len(places), len(self.shares_)))
        np.add.at(votes, (np.arange(len(places))[:, None], self.numbers_[places]), weights)
        return np.asarray((votes + self.shares_) / (votes.sum(axis=1, keepdims=True) + 1))

    def _choose(self) -> int:
        """The number of the least log loss when each example is asked without itself."""
        counts = np.bincount(self.numbers_)
        # an example that is alone in its class has nobody to find
        asked = np.flatnonzero(counts[self.numbers_] > 1)
        if len(asked) > MOST:
            asked = np.random.default_rng(self.seed).permutation(asked)[:MOST]
        if not len(asked):
            return 1
        options = [k for k in GRID if k < len(self.vectors_)]
        losses = np.zeros(len(options))
        rows = max(1, BLOCK // len(self.vectors_))
        for start in range(0, len(asked), rows):
            block = asked[start : start + rows]
            cosines = self.vectors_[block] @ self.vectors_.T
            cosines[np.arange(len(block)), block] = -np.inf
            near = top_k(cosines, options[-1])
            for place, k in enumerate(options):
                votes = self._votes(*near, k)
                losses[place] -= np.log(votes[np.arange(len(block)), self.numbers_[block]]).sum()
        return options[int(losses.argmin())]

    def _settle(self) -> None:
        super()._settle()
        shapes = np.shape(self.vectors_), np.shape(self.numbers_), np.shape(self.shares_)
        count = len(self.vectors_)
        if shapes != ((count, self.width_), (count,), (len(self.classes_),)) or not 1 <= self.k_ <= count:
            raise ValueError(f"its arrays have shapes {shapes}")
        if self.numbers_.min() < 0 or self.numbers_.max() >= len(self.classes_):
            raise ValueError("an example is of no class")
