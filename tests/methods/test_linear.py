"""What solvers of projections share."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.linear import (
    canonical,
    canonical_of,
    check_rank,
    fixed_signs,
    inverse_root,
    moments,
    rank_of,
    row_axes,
    turned,
    turned_back,
)


class Wide:
    dim = 5


def test_whitening_leaves_the_identity():
    x = np.random.default_rng(0).normal(size=(50, 4)) @ np.diag([1, 2, 3, 4.0])
    root = inverse_root(x, 0.0)
    np.testing.assert_allclose(root @ (x.T @ x / 50) @ root, np.eye(4), atol=1e-10)


def test_directions_without_variance_are_left_out():
    x = np.array([[1.0, 0], [-1, 0]])
    np.testing.assert_allclose(inverse_root(x, 0.0), np.diag([1.0, 0]), atol=1e-12)


def test_canonical_directions_end_where_the_rank_does():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3)) @ rng.normal(size=(3, 6))
    u, v, correlations = canonical(x - x.mean(axis=0), x[:, :5] - x[:, :5].mean(axis=0), 0.0)
    assert u.shape == (6, 3)
    assert v.shape == (5, 3)
    np.testing.assert_allclose(correlations, 1)


def test_a_constant_column_has_deviation_one():
    _, deviation = moments(np.array([[1.0, 7], [3, 7]]))
    np.testing.assert_array_equal(deviation, [1, 1])


def test_ranks_and_signs():
    assert rank_of(np.array([1.0, 1e-3, 1e-18])) == 2
    np.testing.assert_array_equal(fixed_signs(np.array([[1.0, -3], [-2, 1]])), [-1, -1])
    check_rank(Wide(), "dim", 5, "so it is")
    with pytest.raises(InputError, match="dim is 5, but so it is: Wide has at most 4 directions"):
        check_rank(Wide(), "dim", 4, "so it is")


def test_rows_turned_to_their_axes_keep_their_products():
    """Of centred rows, which span one dimension less than there are."""
    x = np.random.default_rng(0).normal(size=(6, 20))
    x -= x.mean(axis=0)
    axes = row_axes(x)
    assert axes.shape == (20, 5)
    near = turned(x, axes)
    np.testing.assert_allclose(near @ near.T, x @ x.T, atol=1e-12)
    np.testing.assert_allclose(turned_back(near.T, axes), x.T, atol=1e-12)
    assert row_axes(x[:, :6]) is None


def test_correlation_of_wide_rows_is_that_of_the_whole_covariances():
    """With a ridge there is one solution, sought among all columns or in the axes of the rows."""
    rng = np.random.default_rng(0)
    x, y = (side - side.mean(axis=0) for side in rng.normal(size=(2, 10, 30)))
    found = canonical(x, y, 0.1)
    wanted = canonical_of(x.T @ x / 10, x.T @ y / 10, y.T @ y / 10, 0.1)
    np.testing.assert_allclose(found[2], wanted[2], atol=1e-10)
    np.testing.assert_allclose(found[0] @ found[1].T, wanted[0] @ wanted[1].T, atol=1e-8)
