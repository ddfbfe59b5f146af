"""Canonical correlation analysis."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.subspace.cca import CCA


def test_projections_are_white_and_correlate_as_said(classes):
    images, texts, _ = classes
    method = CCA(dim=5, ridge=0).fit(images, texts)
    x, y = method._transform(images, "image"), method._transform(texts, "text")
    np.testing.assert_allclose(x.T @ x / 90, np.eye(5), atol=1e-4)
    np.testing.assert_allclose(x.T @ y / 90, np.diag(method.correlations_), atol=1e-4)


def test_two_columns_by_hand():
    """One column each: the only correlation is Pearson's."""
    x, y = np.array([[1.0], [2], [4], [5]]), np.array([[1.0], [3], [2], [6]])
    found = CCA(dim=1, ridge=0).fit(x, y).correlations_
    np.testing.assert_allclose(found, np.corrcoef(x[:, 0], y[:, 0])[0, 1], rtol=1e-6)


def test_more_directions_than_there_are_is_refused(classes):
    with pytest.raises(InputError, match="dim is 10, but no more directions correlate"):
        CCA(dim=10).fit(*classes)


@pytest.mark.parametrize("standardise", [True, False])
def test_wikipedia_gives_the_measured_values(scored, standardise):
    found = scored(CCA(dim=7, standardise=standardise))
    np.testing.assert_allclose(found, (0.249, 0.202), atol=0.003)
