"""Is one run better than another? Paired tests over the queries of both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.metrics.measured import Measured

_DRAWN = 1 << 22  # random numbers held at once
_ALL = 12  # queries of which every choice of signs is tried


@dataclass(frozen=True)
class Comparison:
    """The mean difference of two runs over the same queries.

    Attributes:
        difference: Mean of the first run's values minus the second's.
        low: Lower end of the bootstrap confidence interval of the difference.
        high: Upper end.
        confidence: Of the interval.
        p: Of the permutation test, two-sided: how often chance alone makes so large a difference.
        queries: Queries that count in both.
    """

    difference: float
    low: float
    high: float
    confidence: float
    p: float
    queries: int

    def __str__(self) -> str:
        return (
            f"{self.difference:+.4f} [{self.low:+.4f}, {self.high:+.4f}] at {self.confidence:.0%}, "
            f"p = {self.p:.4f}, {self.queries} queries"
        )


def compare(
    one: Measured, other: Measured, *, draws: int = 10_000, confidence: float = 0.95, seed: int = 0
) -> Comparison:
    """Compare two runs of one protocol, query by query.

    The interval takes percentiles of the mean difference over queries drawn with replacement. The test flips
    the signs of differences, since under no difference either run could have had either value; of up to
    twelve queries all choices of signs are tried.

    Args:
        one: A figure.
        other: The same figure of another run: the same queries in the same order.
        draws: Random samples of each.
        confidence: Of the interval.
        seed: Of the random samples.

    Raises:
        InputError: Protocols differ, no query counts in both, or an option is out of range.
    """
    differences = _paired(one, other)
    _check_options(draws, confidence)
    mean = float(differences.mean())
    low, high = interval(differences, draws=draws, confidence=confidence, seed=seed)
    p = _permuted(differences, draws, np.random.default_rng([seed, 1]))
    return Comparison(mean, low, high, confidence, p, len(differences))


def interval(
    values: Array | Measured, *, draws: int = 10_000, confidence: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Bootstrap confidence interval of a mean over queries; those that are skipped do not count.

    Raises:
        InputError: There is no value, or an option is out of range.
    """
    _check_options(draws, confidence)
    values = values.values if isinstance(values, Measured) else np.asarray(values, dtype=np.float64)
    values = values[~np.isnan(values)]
    if not len(values):
        raise InputError("there is no value; an interval needs some")
    random = np.random.default_rng([seed, 0])
    means = _in_parts(
        draws, len(values), lambda some: values[random.integers(0, len(values), (some, len(values)))].mean(1)
    )
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _permuted(differences: Array, draws: int, random: np.random.Generator) -> float:
    """Share of choices of signs of which the mean is at least as far from 0 as it is."""
    n = len(differences)
    observed = abs(differences.sum())
    if n <= _ALL:
        bits = np.arange(1 << n)[:, None] >> np.arange(n) & 1
        return float((np.abs((1 - 2 * bits) @ differences) >= observed * (1 - 1e-9)).mean())

    def flipped(some: int) -> Array:
        signs = np.unpackbits(random.integers(0, 256, (some, -(-n // 8)), dtype=np.uint8), axis=1)[:, :n]
        return np.asarray(np.abs(differences.sum() - 2 * (signs @ differences)))

    sums = _in_parts(draws, n, flipped)
    # the order that was observed is one of those that chance could have made
    return float((1 + (sums >= observed * (1 - 1e-9)).sum()) / (draws + 1))


def _in_parts(draws: int, each: int, draw: Callable[[int], Array]) -> Array:
    """All draws, so many at a time that memory is bounded."""
    size = max(1, _DRAWN // each)
    return np.concatenate([draw(min(size, draws - start)) for start in range(0, draws, size)])


def _paired(one: Measured, other: Measured) -> Array:
    ours, theirs = asdict(one.protocol), asdict(other.protocol)
    ours["metric"], theirs["metric"] = one.protocol.metric.title, other.protocol.metric.title
    odd = [f"{name}: {ours[name]!r} and {theirs[name]!r}" for name in ours if ours[name] != theirs[name]]
    if odd:
        raise InputError(f"the runs were measured differently ({'; '.join(odd)}); measure both in one way")
    differences = one.values - other.values
    differences = differences[~np.isnan(differences)]
    if not len(differences):
        raise InputError("no query counts in both runs; there is nothing to compare")
    return np.asarray(differences, dtype=np.float64)


def _check_options(draws: int, confidence: float) -> None:
    if draws < 1:
        raise InputError(f"draws is {draws}; it must be at least 1")
    if not 0 < confidence < 1:
        raise InputError(f"confidence is {confidence}; it lies between 0 and 1, as in 0.95")
