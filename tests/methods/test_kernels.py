"""Kernels and anchors."""

import numpy as np
import pytest

from tuwen.methods import kernels


@pytest.fixture
def rows():
    """Forty rows of five columns."""
    return np.random.default_rng(0).normal(size=(40, 5)) + 3


def test_squared_distances_equal_the_plain_ones(rows):
    plain = ((rows[:, None] - rows[None, :7]) ** 2).sum(axis=2)
    np.testing.assert_allclose(kernels.squared_distances(rows, rows[:7]), plain, atol=1e-10)
    assert (kernels.squared_distances(rows, rows) >= 0).all()


def test_the_mean_squared_distance_is_over_all_pairs(rows):
    plain = ((rows[:, None] - rows[None]) ** 2).sum(axis=2).mean()
    assert kernels.mean_squared_distance(rows) == pytest.approx(plain)


def test_a_radial_kernel_is_one_for_an_item_and_itself(rows):
    kernel = kernels.rbf(rows, rows, 2.0)
    np.testing.assert_allclose(np.diag(kernel), 1)
    assert kernel[0, 1] == pytest.approx(np.exp(-((rows[0] - rows[1]) ** 2).sum() / 4))


def test_centres_lie_among_their_rows(rows):
    blobs = np.concatenate([rows, rows + 100])
    found = np.sort(kernels.centres(blobs, 2, seed=0).mean(axis=1))
    np.testing.assert_allclose(found, np.sort([rows.mean(), rows.mean() + 100]), atol=1e-6)


def test_no_more_centres_than_distinct_rows(rows):
    assert len(kernels.centres(np.repeat(rows, 3, axis=0), 100, seed=0)) == 40


def test_centres_of_many_rows_are_of_a_sample(rows):
    assert kernels.centres(rows, 30, seed=0, rows=10).shape == (10, 5)


def test_explicit_features_of_all_rows_give_the_kernel_back(rows):
    kernel = kernels.rbf(rows, rows, 4.0)
    features = kernel @ kernels.nystrom_root(kernel)
    np.testing.assert_allclose(features @ features.T, kernel, atol=1e-8)


def test_roots_keep_signs_and_make_distances_those_of_hellinger():
    np.testing.assert_allclose(kernels.signed_roots(np.array([[4.0, -9.0, 0.0]])), [[2, -3, 0]])
    p, q = np.array([[0.5, 0.5]]), np.array([[0.1, 0.9]])
    found = kernels.squared_distances(kernels.signed_roots(p), kernels.signed_roots(q))
    np.testing.assert_allclose(found, 2 - 2 * np.sqrt(p * q).sum())
