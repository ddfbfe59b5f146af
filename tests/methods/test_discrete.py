"""Signs found bit by bit."""

import itertools

import numpy as np
import pytest

from tuwen.methods.discrete import as_signs, coordinate_signs, likeness_factor


@pytest.fixture
def problem():
    """Six rows of four bits: where to start, P and Q."""
    rng = np.random.default_rng(0)
    half = rng.normal(size=(4, 4))
    return as_signs(rng.normal(size=(6, 4))), 3 * rng.normal(size=(6, 4)), half @ half.T


def cost(b, p, q):
    return np.einsum("ij,jk,ik->i", b, q, b) - 2 * (b * p).sum(axis=1)


def test_no_sweep_raises_the_cost(problem):
    b, p, q = problem
    for _ in range(4):
        lower = coordinate_signs(b, p, q, sweeps=1)
        assert (cost(lower, p, q) <= cost(b, p, q) + 1e-12).all()
        b = lower


def test_no_single_bit_can_be_bettered(problem):
    b, p, q = problem
    b = coordinate_signs(b, p, q, sweeps=50)
    for bit in range(4):
        turned = b.copy()
        turned[:, bit] *= -1
        assert (cost(turned, p, q) >= cost(b, p, q) - 1e-12).all()


def test_bits_that_do_not_touch_each_other_are_the_best_of_all(problem):
    b, p, _ = problem
    q = np.diag([1.0, 2.0, 3.0, 4.0])
    every = np.array(list(itertools.product([-1.0, 1.0], repeat=4)))
    best = [every[cost(every, np.tile(row, (16, 1)), q).argmin()] for row in p]
    np.testing.assert_array_equal(coordinate_signs(b, p, q, sweeps=1), best)


def test_a_tie_keeps_its_bit_and_the_start_is_left_alone(problem):
    b, p, q = problem
    before = b.copy()
    np.testing.assert_array_equal(coordinate_signs(b, 0 * p, 0 * q), before)
    coordinate_signs(b, p, q)
    np.testing.assert_array_equal(b, before)


def test_zero_counts_as_minus_as_in_packed_codes():
    np.testing.assert_array_equal(as_signs(np.array([-2.0, 0.0, 3.0])), [-1, -1, 1])


def test_the_factor_gives_centred_cosines_of_labels():
    labels = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 1.0]])
    factor = likeness_factor(labels)
    likeness = factor @ factor.T
    units = labels / np.linalg.norm(labels, axis=1, keepdims=True)
    centre = np.eye(4) - 0.25
    plain = centre @ units @ units.T @ centre
    np.testing.assert_allclose(likeness, plain * 4 / np.trace(plain))
    np.testing.assert_allclose(likeness.sum(axis=0), 0, atol=1e-12)
    assert np.trace(likeness) == pytest.approx(4)
