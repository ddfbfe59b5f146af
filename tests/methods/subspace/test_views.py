"""Three views at once: generalised and three-view canonical correlation analysis."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.linear import shared_scores
from tuwen.methods.subspace.cca import CCA
from tuwen.methods.subspace.cca3v import CCA3V
from tuwen.methods.subspace.gcca import GCCA


def test_of_two_views_it_is_canonical_correlation(classes):
    """Closed form: the value of a direction is its correlation."""
    images, texts, _ = classes
    cca, found = CCA(dim=4, ridge=1e-4).fit(images, texts), GCCA(dim=4).fit(images, texts)
    np.testing.assert_allclose(found.values_, cca.correlations_, rtol=1e-6)
    np.testing.assert_allclose(found.similarity(images, texts), cca.similarity(images, texts), atol=1e-3)


def test_directions_solve_the_equations_of_three_views(classes):
    images, texts, labels = classes
    views = [
        side - side.mean(axis=0) for side in (images.astype(float), texts.astype(float), np.eye(3)[labels])
    ]
    weights, values = shared_scores(views, 1e-2)
    others = views[1] @ weights[1] + views[2] @ weights[2]
    own = views[0].T @ views[0] / 90 + 1e-2 * np.eye(12)
    np.testing.assert_allclose(views[0].T @ others / 90, own @ weights[0] * values, atol=1e-8)


def test_labels_turn_the_space_towards_classes(classes):
    images, texts, labels = classes
    same = labels[:, None] == labels

    def gap(scores):
        return scores[same].mean() - scores[~same].mean()

    plain = gap(GCCA(dim=2).fit(images, texts).similarity(images, texts))
    assert gap(GCCA(dim=2).fit(*classes).similarity(images, texts)) > plain
    assert gap(CCA3V(dim=2).fit(*classes).similarity(images, texts)) > plain


@pytest.mark.parametrize("kind", [GCCA, CCA3V])
def test_more_directions_than_are_shared_are_refused(classes, kind):
    with pytest.raises(InputError, match="dim is 40, but no more directions are shared"):
        kind(dim=40).fit(*classes)


def test_wikipedia_is_better_for_labels(scored):
    np.testing.assert_allclose(scored(CCA3V(dim=9)), (0.274, 0.216), atol=0.003)
    np.testing.assert_allclose(scored(GCCA(dim=5)), (0.277, 0.216), atol=0.003)
