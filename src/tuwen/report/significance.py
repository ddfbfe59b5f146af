"""Who beats whom: every pair of methods compared query by query, corrected for how many pairs there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.bench.runs import Direction

ALPHA = 0.05
#: Random choices of signs, at least; with many pairs more, since the smallest p they can show is 1 / draws.
DRAWS = 10_000
_HELD = 1 << 22  # signs held at once
_ALL = 12  # queries of which every choice of signs is tried


@dataclass(frozen=True)
class Pair:
    """Two rows of a table, compared over the queries of one direction.

    Attributes:
        direction: Of the queries.
        one: The row that is better, by its number in the table.
        other: The row that is worse.
        difference: Of their means; not negative where larger is better.
        p: Of the paired permutation test, two-sided.
        adjusted: The same, by Holm over all pairs of the table in both directions.
    """

    direction: Direction
    one: int
    other: int
    difference: float
    p: float
    adjusted: float

    @property
    def significant(self) -> bool:
        """Whether the first beats the second."""
        return self.adjusted <= ALPHA


@dataclass(frozen=True, eq=False)
class Rivals:
    """Rows that may be compared with each other in a direction.

    Attributes:
        direction: Of the queries.
        rows: Their numbers in the table.
        values: (rows, queries).
        smaller_wins: Whether smaller values are better, as of ranks.
    """

    direction: Direction
    rows: Sequence[int]
    values: Array
    smaller_wins: bool = False


def pairs(rivals: Sequence[Rivals]) -> tuple[Pair, ...]:
    """Compare every two rows that may be compared.

    The family of Holm's correction is all pairs of all groups of rivals: those of one table.
    """
    count = sum(len(some.rows) * (len(some.rows) - 1) // 2 for some in rivals)
    # the smallest p must stay significant after it is multiplied by the number of pairs
    draws = max(DRAWS, int(2 * count / ALPHA))
    found = []
    for some in rivals:
        p = permuted(some.values, draws)
        means = some.values.mean(axis=1)
        for i in range(len(some.rows)):
            for j in range(i + 1, len(some.rows)):
                ahead = (means[i] >= means[j]) != (some.smaller_wins and means[i] != means[j])
                one, other = (i, j) if ahead else (j, i)
                gap = float(means[one] - means[other])
                found.append((some.direction, some.rows[one], some.rows[other], gap, float(p[i, j])))
    adjusted = holm([entry[-1] for entry in found])
    return tuple(Pair(*entry, float(corrected)) for entry, corrected in zip(found, adjusted, strict=True))


def holm(p: Sequence[float]) -> Array:
    """P-values corrected for their number: Holm 1979, which keeps the chance of any false claim."""
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    raised = np.minimum(1, np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1)))
    adjusted = np.empty_like(values)
    adjusted[order] = raised
    return adjusted


def permuted(values: Array, draws: int, seed: int = 0) -> Array:
    """P of the paired permutation test of every two rows, (rows, rows): `metrics.compare`, many at a time.

    All pairs see the same choices of signs, so a product of signs and rows serves them all.

    Args:
        values: (rows, queries), no NaN.
        draws: Random choices of signs, where there are too many to try all.
        seed: Of the random choices.
    """
    values = np.asarray(values, dtype=np.float64)
    rows, n = values.shape
    sums = values.sum(axis=1)
    observed = np.abs(sums[:, None] - sums)
    enough = observed * (1 - 1e-9) - 1e-12 * n  # sums of the same numbers in another order
    reached, tried = np.zeros((rows, rows)), 0
    for signs in _signs(n, draws, seed):
        flipped = sums - 2 * (signs @ values.T)  # (draws, rows)
        tried += len(signs)
        for row in range(rows):
            gaps = np.abs(flipped[:, row, None] - flipped[:, row:])
            reached[row, row:] += (gaps >= enough[row, row:]).sum(axis=0)
    reached = np.triu(reached) + np.triu(reached, 1).T
    # the order that was observed is one of those that chance could have made
    return reached / tried if n <= _ALL else (1 + reached) / (tried + 1)


def _signs(n: int, draws: int, seed: int) -> Iterator[Array]:
    """Choices of queries to flip, (some, n) of 0 and 1; drawn as `metrics.compare` draws them."""
    if n <= _ALL:
        yield (np.arange(1 << n)[:, None] >> np.arange(n) & 1).astype(np.float64)
        return
    random = np.random.default_rng([seed, 1])
    size = max(1, _HELD // n)
    for start in range(0, draws, size):
        drawn = random.integers(0, 256, (min(size, draws - start), -(-n // 8)), dtype=np.uint8)
        yield np.unpackbits(drawn, axis=1)[:, :n].astype(np.float64)
