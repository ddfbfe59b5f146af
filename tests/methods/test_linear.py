"""What solvers of projections share."""

import numpy as np

from tuwen.methods import linear


def test_the_leading_pair_is_that_of_the_decomposition():
    matrix = np.random.default_rng(0).normal(size=(7, 4))
    u, v = linear.leading_pair(matrix)
    left, _, right = np.linalg.svd(matrix)
    assert abs(u @ left[:, 0]) > 1 - 1e-9
    assert abs(v @ right[0]) > 1 - 1e-9
    assert u @ matrix @ v > 0
    assert u[np.abs(u).argmax()] > 0


def test_the_leading_pair_of_nothing_is_finite():
    assert all(np.isfinite(side).all() for side in linear.leading_pair(np.zeros((3, 2))))


def test_an_inverse_root_whitens_and_leaves_out_what_does_not_vary():
    x = np.random.default_rng(0).normal(size=(50, 3)) @ np.diag([1.0, 5.0, 0.0])
    white = x @ linear.inverse_root(x, 0.0)
    np.testing.assert_allclose(white.T @ white / 50, np.diag([1.0, 1.0, 0.0]), atol=1e-9)


def test_constant_columns_have_deviation_one():
    mean, scale = linear.moments(np.array([[1.0, 7.0], [3.0, 7.0]], dtype=np.float32))
    np.testing.assert_allclose(mean, [2, 7])
    np.testing.assert_allclose(scale, [1, 1])


def test_signs_make_the_largest_entries_positive():
    np.testing.assert_array_equal(linear.fixed_signs(np.array([[1.0, 2.0], [-3.0, 1.0]])), [-1, 1])


def test_rank_is_told_from_rounding_noise():
    assert linear.rank_of(np.array([1.0, 1e-3, 1e-16])) == 2
    assert linear.rank_of(np.array([1e-17, 0.0]), largest=1.0) == 0
