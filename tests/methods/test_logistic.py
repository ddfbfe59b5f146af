"""Logistic regressions of many bits."""

import numpy as np
import pytest

from tuwen.methods.logistic import logistic_weights


@pytest.fixture
def problem():
    """Eighty rows of five columns, and three bits."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 5))
    return x, np.where(x[:, :3] + rng.normal(size=(80, 3)) > 0, 1.0, -1.0)


def test_the_gradient_vanishes(problem):
    x, signs = problem
    w = logistic_weights(x, signs, 0.5)
    slack = 1 / (1 + np.exp(signs * (x @ w)))
    np.testing.assert_allclose(2 * 0.5 * w, x.T @ (signs * slack), atol=0.05)


def test_bits_do_not_touch_each_other(problem):
    x, signs = problem
    together = logistic_weights(x, signs, 0.5)
    for bit in range(3):
        alone = logistic_weights(x, signs[:, bit : bit + 1], 0.5)[:, 0]
        np.testing.assert_allclose(together[:, bit], alone, atol=0.01)


def test_weights_are_those_of_scikit_learn(problem):
    from sklearn.linear_model import LogisticRegression

    x, signs = problem
    theirs = LogisticRegression(C=1.0, fit_intercept=False, tol=1e-8).fit(x, signs[:, 0]).coef_[0]
    np.testing.assert_allclose(logistic_weights(x, signs, 0.5)[:, 0], theirs, atol=5e-3)
