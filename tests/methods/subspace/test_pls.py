"""Partial least squares."""

import numpy as np
import pytest
from sklearn.cross_decomposition import PLSCanonical

from tuwen.errors import InputError
from tuwen.methods.subspace.pls import PLS


def test_svd_gives_directions_of_largest_covariance(classes):
    """Closed form: the covariance of the scores is diagonal, and its entries are the singular values."""
    images, texts, _ = classes
    method = PLS(dim=4, standardise=False).fit(images, texts)
    x, y = (side - side.mean(axis=0) for side in (images, texts))
    found = (x @ method.weights_["image"]).T @ (y @ method.weights_["text"])
    wanted = np.linalg.svd(x.T @ y, compute_uv=False)[:4]
    np.testing.assert_allclose(found, np.diag(wanted), atol=1e-3 * wanted[0])


def test_canonical_deflation_is_that_of_scikit_learn(classes):
    images, texts, _ = classes
    method = PLS(dim=3, standardise=False, deflation="canonical").fit(images, texts)
    model = PLSCanonical(3, scale=False, tol=1e-12, max_iter=10_000).fit(images, texts)
    for modality, wanted in (("image", model.x_rotations_), ("text", model.y_rotations_)):
        found = method.weights_[modality]
        signs = np.sign((found * wanted).sum(axis=0))
        np.testing.assert_allclose(found, wanted * signs, atol=1e-3)


def test_more_directions_than_the_rank_are_refused(classes):
    with pytest.raises(InputError, match="dim is 10, but the cross-covariance has rank 9"):
        PLS(dim=10).fit(*classes)


def test_wikipedia_is_near_canonical_correlation(scored):
    np.testing.assert_allclose(scored(PLS(dim=7, deflation="canonical")), (0.248, 0.199), atol=0.003)
