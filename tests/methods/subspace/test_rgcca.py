"""Regularised generalised canonical correlation analysis."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.subspace.cca import CCA
from tuwen.methods.subspace.pls import PLS
from tuwen.methods.subspace.rgcca import RGCCA, shrinkage

SCHEMES = ["factorial", "centroid", "horst"]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("tau", [None, 0.0, 0.5])
def test_the_sum_never_falls(classes, scheme, tau):
    for values in RGCCA(dim=4, scheme=scheme, tau=tau).fit(*classes).objective_:
        assert (np.diff(values) >= -1e-9 * abs(values[-1])).all()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_without_shrinkage_two_views_give_canonical_correlation(classes, scheme):
    """Closed form: the sum of the first score is its correlation, or the square of it."""
    images, texts, _ = classes
    found = RGCCA(dim=3, tau=0.0, scheme=scheme, iterations=5000).fit(images, texts)
    wanted = CCA(dim=3).fit(images, texts)
    power = 2 if scheme == "factorial" else 1
    ends = [abs(values[-1]) for values in found.objective_]
    np.testing.assert_allclose(ends, wanted.correlations_**power, rtol=1e-4)
    np.testing.assert_allclose(found.similarity(images, texts), wanted.similarity(images, texts), atol=5e-3)


def test_full_shrinkage_of_two_views_gives_partial_least_squares(classes):
    images, texts, _ = classes
    found = RGCCA(dim=3, tau=1.0).fit(images, texts)
    wanted = PLS(dim=3, deflation="canonical").fit(images, texts)
    np.testing.assert_allclose(found.similarity(images, texts), wanted.similarity(images, texts), atol=1e-3)


@pytest.mark.parametrize("tau", [0.0, 0.3, 1.0])
def test_scores_keep_to_their_bound(classes, tau):
    images = classes[0]
    method = RGCCA(dim=1, tau=tau).fit(*classes)
    a = method.weights_["image"][:, 0].astype(float)
    score = method._centred(images, "image") @ a
    np.testing.assert_allclose(tau * (a @ a) + (1 - tau) * score.var(), 1, rtol=1e-4)


def test_scores_of_a_view_do_not_correlate(classes):
    method = RGCCA(dim=4).fit(*classes)
    scores = method._transform(classes[0], "image").astype(float)
    off = np.corrcoef(scores.T) - np.eye(4)
    assert np.abs(off).max() < 1e-3


def test_shrinkage_falls_as_rows_grow():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 6)) @ rng.normal(size=(6, 6))
    few, many = shrinkage(x[:20] - x[:20].mean(axis=0)), shrinkage(x - x.mean(axis=0))
    assert 0 < many < few < 1


def test_labels_turn_the_space_towards_classes(classes):
    images, texts, labels = classes
    same = labels[:, None] == labels

    def gap(scores):
        return scores[same].mean() - scores[~same].mean()

    plain = gap(RGCCA(dim=2).fit(images, texts).similarity(images, texts))
    assert gap(RGCCA(dim=2).fit(*classes).similarity(images, texts)) > plain


def test_more_directions_than_are_shared_are_refused(classes):
    with pytest.raises(InputError, match="dim is 10, but no more directions are shared: RGCCA has at most 9"):
        RGCCA(dim=10).fit(*classes[:2])


@pytest.mark.parametrize(("name", "value"), [("tau", 1.5), ("scheme", "round")])
def test_parameters_out_of_range_are_refused(name, value):
    with pytest.raises(InputError, match=f"{name} is"):
        RGCCA(**{name: value})
