"""Kernel partial least squares."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.kernels import mean_squared_distance, rbf
from tuwen.methods.linear import moments
from tuwen.methods.subspace.kpls import KPLS
from tuwen.methods.subspace.pls import PLS


def centred(kernel):
    return kernel - kernel.mean(axis=0) - kernel.mean(axis=1, keepdims=True) + kernel.mean()


def dual(kx, ky, count):
    """Scores of the dual iteration: power steps on K_x K_y, then both kernels cleared of their scores."""
    scores = []
    for _ in range(count):
        t = kx[:, 0]
        for _ in range(2000):
            t = kx @ (ky @ t)
            t /= np.linalg.norm(t)
        u = ky @ t
        scores.append((t, u / np.linalg.norm(u)))
        for kernel, s in ((kx, scores[-1][0]), (ky, scores[-1][1])):
            rest = np.eye(len(s)) - np.outer(s, s)
            kernel[:] = rest @ kernel @ rest
    return [np.stack(side, axis=1) for side in zip(*scores, strict=True)]


def test_scores_are_those_of_the_dual_iteration(classes):
    images, texts, _ = classes
    sides = [(side - moments(side)[0]) / moments(side)[1] for side in (images, texts)]
    kernels = [centred(rbf(side, side, mean_squared_distance(side) / 2)) for side in sides]
    method = KPLS(dim=3).fit(images, texts)
    for wanted, (name, side) in zip(dual(*kernels, 3), (("image", images), ("text", texts)), strict=True):
        found = method._transform(side, name)
        found /= np.linalg.norm(found, axis=0)
        np.testing.assert_allclose(np.abs((found * wanted).sum(axis=0)), 1, atol=1e-5)


def test_with_a_linear_kernel_it_is_partial_least_squares(classes):
    images, texts, _ = classes
    found = KPLS(dim=4, kernel="linear").fit(images, texts)
    wanted = PLS(dim=4, deflation="canonical").fit(images, texts)
    np.testing.assert_allclose(found.similarity(images, texts), wanted.similarity(images, texts), atol=1e-3)


def test_more_directions_than_the_kernels_share_are_refused(classes):
    with pytest.raises(InputError, match="dim is 10, but the cross-covariance of the kernels has rank 9"):
        KPLS(dim=10, kernel="linear").fit(*classes)


def test_an_unknown_kernel_is_refused():
    with pytest.raises(InputError, match="kernel is 'cubic'"):
        KPLS(kernel="cubic")
