"""Kernel cluster canonical correlation analysis."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.subspace.cluster_cca import ClusterCCA
from tuwen.methods.subspace.kcca import KCCA
from tuwen.methods.subspace.kcluster_cca import KClusterCCA


def test_with_a_linear_kernel_it_is_cluster_correlation(classes):
    images, texts, _ = classes
    found, wanted = KClusterCCA(kernel="linear").fit(*classes), ClusterCCA(ridge=1e-3).fit(*classes)
    np.testing.assert_allclose(found.correlations_, wanted.correlations_, rtol=1e-6)
    np.testing.assert_allclose(found.similarity(images, texts), wanted.similarity(images, texts), atol=1e-3)


def test_a_class_of_its_own_for_each_pair_is_kernel_correlation(classes):
    images, texts, _ = classes
    found = KClusterCCA(components=4).fit(images, texts, np.arange(90)).correlations_
    np.testing.assert_allclose(found, KCCA(dim=4).fit(images, texts).correlations_, rtol=1e-6)


def test_classes_that_no_line_parts_are_parted():
    """Rings: the class is the radius, which no linear function of the coordinates tells."""
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 2
    angles = rng.uniform(0, 2 * np.pi, size=(2, 200))
    sides = [(1 + 2 * labels)[:, None] * np.stack([np.cos(a), np.sin(a)], axis=1) for a in angles]
    assert ClusterCCA(components=1).fit(*sides, labels).correlations_[0] < 0.2
    assert KClusterCCA().fit(*sides, labels).correlations_[0] > 0.9


def test_classes_bound_the_width(classes):
    assert KClusterCCA().fit(*classes).width == 2
    with pytest.raises(InputError, match="components is 3, but the labels tell no more apart"):
        KClusterCCA(components=3).fit(*classes)
    with pytest.raises(InputError, match="anchors is 0"):
        KClusterCCA(anchors=0)
