"""Spectral hashing."""

import numpy as np

from tuwen.methods.hashing.spectral import Spectral


def grid():
    """Points over a box of ten by four, in rotated axes."""
    x, y = np.meshgrid(np.linspace(-5, 5, 101), np.linspace(-2, 2, 41))
    turn = np.array([[0.8, 0.6], [-0.6, 0.8]])
    return np.stack([x.ravel(), y.ravel()], axis=1) @ turn


def test_the_slowest_waves_of_a_box_are_taken_first():
    """Frequencies m / 10 and m / 4 in order: two of the long side, then one of the short."""
    hasher = Spectral(bits=8).fit(grid(), grid())
    expected = np.sort([*(m / 10 for m in range(1, 9)), *(m / 4 for m in range(1, 9))])[:8]
    np.testing.assert_allclose(hasher.frequencies_ / np.pi, expected, rtol=1e-4)


def test_the_first_bit_splits_the_longest_side_in_halves():
    hasher = Spectral(bits=8).fit(grid(), grid())
    bits = np.unpackbits(hasher.transform(grid(), "image"), axis=1)
    assert abs(bits[:, 0].mean() - 0.5) < 0.02


def test_constant_columns_carry_no_bits():
    rows = np.concatenate([grid(), np.ones((len(grid()), 3))], axis=1)
    plain, wider = Spectral(bits=16).fit(grid(), grid()), Spectral(bits=16).fit(rows, rows)
    np.testing.assert_allclose(plain.frequencies_, wider.frequencies_, rtol=1e-5)
