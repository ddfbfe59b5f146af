"""Kernel and randomised canonical correlation analysis."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.kernels import mean_squared_distance, rbf
from tuwen.methods.subspace.cca import CCA
from tuwen.methods.subspace.kcca import KCCA
from tuwen.methods.subspace.rcca import RCCA


@pytest.fixture
def curved():
    """Two hundred pairs: a number, and its square; they do not correlate, but each tells of the other."""
    x = np.random.default_rng(0).uniform(-1, 1, size=(200, 1))
    return x, x**2


def test_with_a_linear_kernel_it_is_canonical_correlation(classes):
    images, texts, _ = classes
    found = KCCA(dim=4, kernel="linear", ridge=1e-6).fit(images, texts)
    wanted = CCA(dim=4).fit(images, texts)
    np.testing.assert_allclose(found.correlations_, wanted.correlations_, rtol=1e-6)
    np.testing.assert_allclose(found.similarity(images, texts), wanted.similarity(images, texts), atol=1e-3)


@pytest.mark.parametrize("kind", [KCCA, RCCA])
def test_curved_dependence_is_found(curved, kind):
    assert CCA(dim=1).fit(*curved).correlations_[0] < 0.2
    assert kind(dim=1).fit(*curved).correlations_[0] > 0.9


def test_few_anchors_are_near_the_exact_kernel(curved):
    exact = KCCA(dim=1).fit(*curved).correlations_
    np.testing.assert_allclose(KCCA(dim=1, anchors=60).fit(*curved).correlations_, exact, atol=0.01)


def test_products_of_waves_are_near_the_kernel(classes):
    images, texts, _ = classes
    method = RCCA(waves=20_000)
    x = images[:20].astype(float)
    method._prepare(x, texts[:20].astype(float))
    lifted = method._lift(x, "image")
    np.testing.assert_allclose(lifted @ lifted.T, rbf(x, x, mean_squared_distance(x) / 2), atol=0.04)


@pytest.mark.parametrize("kind", [KCCA, RCCA])
def test_more_directions_than_correlate_are_refused(kind):
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="dim is 30"):
        kind(dim=30).fit(rng.normal(size=(20, 2)), rng.normal(size=(20, 2)))


def test_parameters_out_of_range_are_refused():
    with pytest.raises(InputError, match="anchors is 0"):
        KCCA(anchors=0)
    with pytest.raises(InputError, match="waves is 0"):
        RCCA(waves=0)


def test_wikipedia_is_better_for_curves(scored):
    np.testing.assert_allclose(scored(KCCA(dim=9)), (0.264, 0.217), atol=0.005)
    np.testing.assert_allclose(scored(RCCA(dim=9, ridge=1e-2)), (0.259, 0.206), atol=0.005)
