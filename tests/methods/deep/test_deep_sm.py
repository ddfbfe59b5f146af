"""Vectors of deep semantic matching."""

import numpy as np

from tuwen import methods


def test_vectors_are_posteriors_less_a_guess(classes):
    images, texts, labels = classes
    method = methods.find("deep_sm")(hidden=16, epochs=5, device="cpu").fit(images, texts, labels)
    vectors = method._transform(images, "image")
    assert vectors.shape == (90, 3)
    np.testing.assert_allclose(vectors.sum(axis=1), 0, atol=1e-5)
    assert method.width == 3
