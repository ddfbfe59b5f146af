"""Examples parted for a cross-validation in which few examples of a class are no obstacle."""

from __future__ import annotations

import numpy as np

from tuwen.arrays import Array

FOLDS = 5


def folds(numbers: Array, seed: int, count: int = FOLDS) -> list[tuple[Array, Array]]:
    """Rows to learn from and rows held out, for each part; every part has its share of every class.

    A class of one example is never held out, as nothing would be left to learn it from. Parts that would
    hold out nothing are left out, so there are none where every class has one example.

    Args:
        numbers: (n,) the class of each example.
        seed: Of the draw.
        count: Parts, where classes have as many examples.
    """
    random = np.random.default_rng(seed)
    part = np.full(len(numbers), -1)
    for number in np.unique(numbers):
        rows = random.permutation(np.flatnonzero(numbers == number))
        if len(rows) > 1:
            # begins at any part, so that small classes do not all stand in the first ones
            part[rows] = (np.arange(len(rows)) + random.integers(count)) % count
    everything = np.arange(len(numbers))
    parted = [(everything[part != held], everything[part == held]) for held in range(count)]
    return [(train, held) for train, held in parted if len(held)]
