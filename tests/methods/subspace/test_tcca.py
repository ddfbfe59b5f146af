"""Tensor canonical correlation analysis."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.subspace import tcca
from tuwen.methods.subspace.tcca import TCCA


def test_the_error_never_rises(classes):
    errors = np.array(TCCA(dim=4).fit(*classes).errors_)
    assert (np.diff(errors) <= 1e-9 * errors[0]).all()


def test_a_product_of_three_vectors_is_found():
    """Closed form: a tensor of rank one is approximated without error."""
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=4), rng.normal(size=5), rng.normal(size=3)
    method = TCCA(dim=1)
    found = method._factorise(np.einsum("i,j,k->ijk", a, b, c))
    assert method.errors_[-1] < 1e-20
    np.testing.assert_allclose(np.abs(found[0][:, 0]), np.abs(a) / np.linalg.norm(a), rtol=1e-6)


def test_a_tensor_that_does_not_fit_is_refused_beforehand(classes, monkeypatch):
    monkeypatch.setattr(tcca, "_CELLS", 100)
    with pytest.raises(InputError, match="has 324 cells, at most 100 fit"):
        TCCA().fit(*classes)


def test_wikipedia_is_above_chance(scored):
    """Chance is 0.1195."""
    assert min(scored(TCCA())) > 0.15
