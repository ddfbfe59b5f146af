"""Latent semantic sparse hashing."""

import numpy as np
import pytest

from tuwen.methods.hashing import lssh
from tuwen.methods.hashing.lssh import LSSH


@pytest.fixture(scope="module")
def fitted(classes):
    """Eight bits over sixty atoms."""
    return LSSH(bits=8, atoms=60).fit(*classes)


def test_the_objective_falls(fitted):
    assert len(fitted.objective_) == 20
    assert (np.diff(fitted.objective_) <= 1e-3 * fitted.objective_[0]).all()
    assert fitted.objective_[-1] < fitted.objective_[0]


def test_sparse_codes_are_those_of_scikit_learn(fitted, classes):
    from sklearn.linear_model import Lasso

    x = fitted._prepared(classes[0][:3], "image")
    ours = fitted._sparse(x, np.zeros((3, 60)), steps=2000)
    lasso = Lasso(fitted.sparsity / (2 * x.shape[1]), fit_intercept=False, max_iter=100_000, tol=1e-10)
    for row in range(3):
        theirs = lasso.fit(fitted.b_.T, x[row]).coef_
        np.testing.assert_allclose(ours[row] @ fitted.b_, theirs @ fitted.b_, atol=1e-4)
        assert np.abs(ours[row]).sum() == pytest.approx(np.abs(theirs).sum(), rel=1e-3)


def test_atoms_are_no_longer_than_one_and_never_fit_worse():
    rng = np.random.default_rng(0)
    x, s, atoms = rng.normal(size=(30, 5)), rng.normal(size=(30, 8)), rng.normal(size=(8, 5)) / 9
    better = lssh._dictionary(x, s, atoms)
    assert (np.linalg.norm(better, axis=1) <= 1 + 1e-9).all()
    assert ((x - s @ better) ** 2).sum() < ((x - s @ atoms) ** 2).sum()


def test_a_text_is_coded_by_the_best_factor_near_zero(fitted, classes):
    """By closed form: the gradient vanishes."""
    t = fitted._prepared(classes[1], "text")
    y = fitted._factor(t)
    gradient = fitted.weight * (y @ fitted.a_ - t) @ fitted.a_.T + fitted.coupling * y
    np.testing.assert_allclose(gradient, 0, atol=1e-8)


def test_dictionaries_are_learnt_from_at_most_so_many_rows(classes):
    hasher = LSSH(bits=8, atoms=20, rows=30, iterations=2).fit(*classes)
    assert hasher.transform(classes[0], "image").shape == (90, 1)
