"""Sums and counts that the means over all orders need."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from tuwen.arrays import Array


def harmonic(first: Array, count: Array) -> Array:
    """1 / (first + 1) + ... + 1 / (first + count)."""
    table = _harmonic(_room(first + count))
    return np.asarray(table[first + count] - table[first])


def discounts(first: Array, count: Array) -> Array:
    """The discounts 1 / log2(1 + rank) of the `count` ranks after the `first` ones, summed."""
    table = _discounts(_room(first + count))
    return np.asarray(table[first + count] - table[first])


def log_choose(n: Array, k: Array) -> Array:
    """Logarithm of n over k, -inf where there is no way to choose."""
    table = _log_factorials(_room(n))
    some = (k >= 0) & (k <= n)
    n, k = np.where(some, n, 0), np.where(some, k, 0)
    return np.asarray(np.where(some, table[n] - table[k] - table[n - k], -np.inf))


def hypergeometric(hits: Array, size: Array, true: Array, drawn: Array) -> Array:
    """Probability of so many true items among those drawn from a group."""
    ways = log_choose(true, hits) + log_choose(size - true, drawn - hits)
    return np.asarray(np.exp(ways - log_choose(size, drawn)))


def _room(needed: Array) -> int:
    """Length of a table: a power of two, so that few are made."""
    return 1 << int(np.max(needed, initial=0)).bit_length()


@lru_cache(maxsize=4)
def _harmonic(last: int) -> Array:
    return np.concatenate([[0.0], np.cumsum(1 / np.arange(1, last + 1))])


@lru_cache(maxsize=4)
def _discounts(last: int) -> Array:
    return np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, last + 2)))])


@lru_cache(maxsize=4)
def _log_factorials(last: int) -> Array:
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, last + 1)))])
