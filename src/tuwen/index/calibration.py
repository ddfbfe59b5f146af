"""The default effort of an approximate index, chosen by measuring its recall."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from tuwen.arrays import Array, unit_rows

DEPTH = 10  # neighbours that should be found
TARGET = 0.97  # share of them that is; 0.95 is promised, the rest is for queries unlike the measured ones
QUERIES = 256


def sample(rows: Array) -> Array:
    """Queries made up from stored rows (n, width) when there are no real ones.

    A stored row as it is finds itself too easily: real queries come from the other modality and lie
    beside the rows. So each is a row, half of another one, and half its length in random directions.
    """
    generator = np.random.default_rng(0)
    other = rows[generator.permutation(len(rows))]
    noise = unit_rows(generator.standard_normal(rows.shape))
    return unit_rows(rows + 0.5 * other + 0.5 * noise)


def spread(count: int, wanted: int) -> Array:
    """Rising positions of a random sample, (up to wanted,)."""
    generator = np.random.default_rng(0)
    return np.sort(generator.choice(count, min(count, wanted), replace=False))


def recall(found: Array, true: Array) -> float:
    """Mean share of each row of `true` (n, k) that is in the same row of `found` (n, k)."""
    same = found[:, :, None] == true[:, None, :]
    return float(same.any(axis=1).mean()) if true.size else 1.0


def smallest(numbers: Iterable[int], found: Callable[[int], Array], true: Array) -> tuple[int, float]:
    """The first of rising numbers whose answers reach the target, or the last one; with its recall."""
    step, share = 1, 1.0
    for step in numbers:
        share = recall(found(step), true)
        if share >= TARGET:
            break
    return step, share


def steps(first: int, last: int) -> list[int]:
    """Whole numbers from `first`, each about 1.4 times the one before, up to `last`."""
    numbers = [round(first * math.sqrt(2) ** power) for power in range(2 * last.bit_length())]
    return [number for number in numbers if number < last] + [last]
