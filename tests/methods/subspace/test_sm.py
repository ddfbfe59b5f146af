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


def test_wikipedia_gives_the_measured_values(scored):
    np.testing.assert_allclose(scored(SM()), (0.278, 0.211), atol=0.003)
