"""Latent semantic sparse hashing."""

import numpy as np
import pytest

from tuwen.methods.hashing.lssh import LSSH


@pytest.fixture(scope="module")
def fitted(classes):
    """Eight bits over sixty atoms."""
    return LSSH(bits=8, atoms=60).fit(*classes)


def test_the_objective_falls(fitted):
    assert len(fitted.objective_) == 20
    assert (np.diff(fitted.objective_) <= 1e-3 * fitted.objective_[0]).all()
    assert fitted.objective_[-1] < fitted.objective_[0]


def test_a_text_is_coded_by_the_best_factor_near_zero(fitted, classes):
    """By closed form: the gradient vanishes."""
    t = fitted._prepared(classes[1], "text")
    y = fitted._factor(t)
    gradient = fitted.weight * (y @ fitted.a_ - t) @ fitted.a_.T + fitted.coupling * y
    np.testing.assert_allclose(gradient, 0, atol=1e-8)


def test_dictionaries_are_learnt_from_at_most_so_many_rows(classes):
    hasher = LSSH(bits=8, atoms=20, rows=30, iterations=2).fit(*classes)
    assert hasher.transform(classes[0], "image").shape == (90, 1)
