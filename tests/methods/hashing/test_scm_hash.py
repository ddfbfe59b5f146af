"""Semantic correlation maximization for hashing."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.hashing.scm_hash import SCMHash


def test_the_first_bit_solves_the_generalised_problem_with_all_similarities_built(classes):
    images, texts, labels = classes
    similar = np.where(labels[:, None] == labels[None], 1.0, -1.0)
    x, y = ((s - s.mean(axis=0)) / s.std(axis=0) for s in (images.astype(float), texts.astype(float)))
    left = np.linalg.solve(x.T @ x, x.T @ similar @ y)
    values, vectors = np.linalg.eig(left @ np.linalg.solve(y.T @ y, y.T @ similar @ x))
    expected = x @ vectors[:, values.real.argmax()].real
    found = SCMHash(bits=8, ridge=0.0).fit(*classes)._transform(images, "image")[:, 0]
    assert abs(np.corrcoef(expected, found)[0, 1]) > 1 - 1e-6


def test_sixteen_bits_follow_the_labels_better_than_the_best_one_bit(classes):
    images, texts, labels = classes
    similar = np.where(labels[:, None] == labels[None], 1.0, -1.0)
    hasher = SCMHash(bits=16).fit(*classes)
    signs = (np.sign(hasher._transform(side, name)) for side, name in ((images, "image"), (texts, "text")))
    x, y = signs
    errors = [((x[:, :k] @ y[:, :k].T / k - similar) ** 2).mean() for k in (1, 16)]
    assert errors[1] < errors[0]


def test_orthogonal_directions_are_whitened(classes):
    images, texts, _ = classes
    multi_hot = np.eye(9)[np.random.default_rng(1).integers(0, 9, 90)]  # nine directions
    hasher = SCMHash(bits=8, order="orthogonal", ridge=0.0).fit(images, texts, multi_hot)
    projected = hasher._transform(images, "image")
    np.testing.assert_allclose(projected.T @ projected / 90, np.eye(8), atol=1e-3)


def test_more_orthogonal_bits_than_directions_are_refused(classes):
    with pytest.raises(InputError, match=r"bits is 16, .* at most 3 directions"):
        SCMHash(bits=16, order="orthogonal").fit(*classes)


def test_an_unknown_order_is_named(classes):
    with pytest.raises(InputError, match="order is 'random'"):
        SCMHash(bits=8, order="random").fit(*classes)


@pytest.mark.parametrize(
    ("bits", "values"), [(16, (0.223, 0.216)), (32, (0.239, 0.240)), (64, (0.246, 0.249))]
)
def test_wikipedia_gives_the_published_values(scored, bits, values):
    np.testing.assert_allclose(scored(SCMHash(bits=bits))["modality"], values, atol=0.01)
