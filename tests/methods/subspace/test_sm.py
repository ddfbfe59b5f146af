"""Semantic matching."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.classes import class_means, logistic, posteriors
from tuwen.methods.subspace.sm import SM


def test_posteriors_of_one_feature_with_two_classes_are_the_logistic_function():
    """Closed form: where both values hold both classes 3 to 1 and 1 to 3, so do the probabilities."""
    x = np.array([[0.0]] * 4 + [[1.0]] * 4)
    labels = np.eye(2)[[0, 0, 0, 1, 1, 1, 1, 0]]
    found = posteriors(np.array([[0.0], [1.0]]), logistic(x, labels, 1e6))
    np.testing.assert_allclose(found, [[0.75, 0.25], [0.25, 0.75]], atol=1e-3)


def test_a_row_of_two_classes_counts_for_both():
    x = np.array([[0.0]] * 8)
    labels = np.array([[1, 0, 0]] * 4 + [[0, 1, 1]] * 4, dtype=float)
    np.testing.assert_allclose(posteriors(x[:1], logistic(x, labels, 1e6)), [[0.5, 0.25, 0.25]], atol=1e-3)


def test_class_means_are_means_of_rows():
    np.testing.assert_array_equal(
        class_means(np.array([[1.0], [3.0], [7.0]]), np.eye(2)[[0, 0, 1]]), [[2], [7]]
    )


def test_the_width_is_the_number_of_classes(classes):
    method = SM().fit(*classes)
    assert method.width == 3
    assert (method.transform(classes[0], "image").argmax(axis=1) == classes[2]).mean() > 0.9


def test_a_class_without_rows_is_named(classes):
    images, texts, labels = classes
    with pytest.raises(InputError, match="class 1 of labels has no row"):
        SM().fit(images, texts, labels * 2)
    with pytest.raises(InputError, match="needs at least two"):
        SM().fit(images, texts, labels * 0)


def test_matching_by_probability_is_the_probability_of_one_class(classes):
    """Two more columns make vectors of length one and leave the products as they are."""
    images, texts, _ = classes
    method = SM(match="probability").fit(*classes)
    p, q = (
        posteriors(method._standard(side, name), method.weights_[name])
        for side, name in ((images, "image"), (texts, "text"))
    )
    assert method.width == 5
    np.testing.assert_allclose(method.similarity(images, texts), p @ q.T, atol=1e-6)


def test_a_gaussian_kernel_tells_classes_that_no_line_parts():
    rng = np.random.default_rng(0)
    radius = np.repeat([1.0, 3.0], 60)
    angle = rng.uniform(0, 2 * np.pi, 120)
    rings = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    labels = (radius > 2).astype(int)

    def told(kernel):
        codes = SM(kernel=kernel, anchors=40).fit(rings, rings, labels).transform(rings, "image")
        return (codes.argmax(axis=1) == labels).mean()

    assert told("rbf") == 1
    assert told("linear") < 0.8


def test_square_roots_are_those_of_the_features(classes):
    """With roots it learns as from features of which the roots were taken, signs kept."""
    images, texts, labels = classes
    params = {"kernel": "rbf", "anchors": 30, "standardise": False}
    found = SM(roots=True, **params).fit(images, texts, labels).similarity(images, texts)
    x, y = (np.sign(side) * np.sqrt(np.abs(side)) for side in (images, texts))
    np.testing.assert_allclose(found, SM(**params).fit(x, y, labels).similarity(x, y), atol=1e-4)


@pytest.mark.parametrize("params", [{"anchors": 0}, {"spread": 0.0}])
def test_parameters_out_of_range_are_named(params):
    with pytest.raises(InputError, match="both must be above 0"):
        SM(**params)


def test_wikipedia_gives_the_measured_values(scored):
    np.testing.assert_allclose(scored(SM()), (0.278, 0.211), atol=0.003)
