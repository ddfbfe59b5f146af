"""Locality preserving canonical correlation analysis."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.subspace import lpcca
from tuwen.methods.subspace.cca import CCA
from tuwen.methods.subspace.lpcca import LPCCA


def test_with_all_rows_for_neighbours_it_is_canonical_correlation(classes):
    images, texts, _ = classes
    found = LPCCA(dim=4, neighbours=89, heat=False, ridge=1e-6).fit(images, texts)
    wanted = CCA(dim=4, ridge=1e-6).fit(images, texts)
    np.testing.assert_allclose(found.correlations_, wanted.correlations_, rtol=1e-4)
    np.testing.assert_allclose(found.similarity(images, texts), wanted.similarity(images, texts), atol=1e-3)


def test_more_directions_than_correlate_are_refused(classes):
    with pytest.raises(InputError, match="dim is 10, but no more directions"):
        LPCCA(dim=10).fit(*classes)


def test_graphs_that_do_not_fit_are_refused_beforehand(classes, monkeypatch):
    monkeypatch.setattr(lpcca, "_EDGES", 450)
    with pytest.raises(InputError, match="set neighbours to at most 5, or"):
        LPCCA(dim=4, neighbours=6).fit(*classes)


def test_wikipedia_is_near_canonical_correlation(scored):
    np.testing.assert_allclose(scored(LPCCA(dim=7, neighbours=1000)), (0.248, 0.199), atol=0.003)
