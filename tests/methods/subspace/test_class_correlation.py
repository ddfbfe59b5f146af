"""Canonical correlation of pairs that labels make: class means, clusters, several labels, discriminative."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.classes import pair_covariances
from tuwen.methods.subspace import ml_cca
from tuwen.methods.subspace.cca import CCA
from tuwen.methods.subspace.cluster_cca import ClusterCCA
from tuwen.methods.subspace.discca import DisCCA
from tuwen.methods.subspace.mean_cca import MeanCCA
from tuwen.methods.subspace.ml_cca import MLCCA

ALL = [ClusterCCA, DisCCA, MeanCCA, MLCCA]


def test_sums_give_the_covariances_of_all_listed_pairs():
    rng = np.random.default_rng(0)
    x, y, groups = rng.normal(size=(7, 3)), rng.normal(size=(7, 2)), np.array([0, 1, 0, 2, 1, 0, 2])
    alike = np.array([[1.0, 0.5, 0.1], [0.5, 1.0, 0.2], [0.1, 0.2, 1.0]])
    found = pair_covariances(x, y, np.eye(3)[groups], alike)
    pairs = [(i, j, alike[groups[i], groups[j]]) for i in range(7) for j in range(7)]
    rows, columns, weights = (np.array(part) for part in zip(*pairs, strict=True))
    joint = np.cov(np.hstack([x[rows], y[columns]]).T, aweights=weights, ddof=0)
    for part, wanted in zip(found, (joint[:3, :3], joint[:3, 3:], joint[3:, 3:]), strict=True):
        np.testing.assert_allclose(part, wanted, atol=1e-12)


def test_a_class_of_its_own_for_each_pair_is_canonical_correlation(classes):
    images, texts, _ = classes
    found = ClusterCCA(components=4, ridge=1e-6).fit(images, texts, np.arange(90)).correlations_
    np.testing.assert_allclose(found, CCA(dim=4).fit(images, texts).correlations_, rtol=1e-4)


def test_likeness_of_nothing_but_equal_labels_is_cluster_correlation(classes):
    found = MLCCA(spread=0.01).fit(*classes).correlations_
    np.testing.assert_allclose(found, ClusterCCA().fit(*classes).correlations_, rtol=1e-6)


def test_discriminative_correlation_is_within_less_between_classes(classes):
    """Of balanced classes the cross-covariance is, but for scale, that of pairs within less pairs between."""
    images, texts, labels = classes
    x, y = (side - side.mean(axis=0) for side in (images.astype(float), texts.astype(float)))
    _, between, _ = DisCCA()._covariances(x, y, np.eye(3)[labels])
    same = labels[:, None] == labels
    np.testing.assert_allclose(between * 90 * 30 * 2, x.T @ (1.0 * same - ~same) @ y, rtol=1e-6, atol=1e-3)


def test_several_labels_a_row_are_taken(classes):
    images, texts, labels = classes
    several = np.eye(3)[labels]
    several[::4, 0] = 1
    method = MLCCA().fit(images, texts, several)
    scores = method.similarity(images, texts)
    alike = several @ several.T > 0
    assert scores[alike].mean() > scores[~alike].mean()


def test_too_many_different_label_rows_are_refused(classes, monkeypatch):
    monkeypatch.setattr(ml_cca, "_GROUPS", 2)
    with pytest.raises(InputError, match="labels have 3 different rows"):
        MLCCA().fit(*classes)


@pytest.mark.parametrize("kind", ALL)
def test_classes_bound_the_width(classes, kind):
    assert kind().fit(*classes).width == 2
    assert kind(components=1).fit(*classes).width == 1
    with pytest.raises(InputError, match="components is 3, but the labels tell no more apart"):
        kind(components=3).fit(*classes)
    with pytest.raises(InputError, match="components is 0"):
        kind(components=0)


@pytest.mark.parametrize("kind", [ClusterCCA, DisCCA, MLCCA])
def test_wikipedia_with_a_ridge(scored, kind):
    np.testing.assert_allclose(scored(kind(ridge=1.0)), (0.258, 0.206), atol=0.003)
