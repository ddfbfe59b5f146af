"""Iterative quantization."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.hashing.itq import ITQ


@pytest.fixture(scope="module")
def clustered():
    """Images and texts around shared centres, with a gap between the two; loose rows."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(40, 32)) * np.linspace(2, 0.2, 32)

    def side(count, shift):
        return centres[rng.integers(0, 40, count)] + 0.3 * rng.normal(size=(count, 32)) + shift

    gap = rng.normal(size=32)
    return side(600, gap).astype(np.float32), side(400, -gap).astype(np.float32)


def kept(hasher, images, texts):
    """How well codes keep the order of the cosines, means taken away: their correlation."""
    x, y = images - images.mean(axis=0), texts - texts.mean(axis=0)
    x, y = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (x, y))
    return np.corrcoef((x @ y.T).ravel(), hasher(images, texts).ravel())[0, 1]


def test_the_quantisation_error_never_rises(clustered):
    (errors,) = ITQ(bits=16).fit(*clustered).errors_
    assert len(errors) == 50
    assert (np.diff(errors) <= 1e-6).all()
    assert errors[-1] < errors[0]


def test_the_projection_is_a_rotation_of_principal_directions(clustered):
    weights = ITQ(bits=24).fit(*clustered).weights_
    np.testing.assert_allclose(weights.T @ weights, np.eye(24), atol=1e-4)


def test_neighbours_are_kept_better_than_by_random_directions(clustered):
    images, texts = clustered
    random = np.random.default_rng(1).normal(size=(32, 16))

    def lsh(images, texts):
        x, y = (np.sign((v - v.mean(axis=0)) @ random) for v in (images, texts))
        return x @ y.T

    assert kept(ITQ(bits=16).fit(images, texts).similarity, images, texts) > kept(lsh, images, texts) + 0.1


def test_the_gap_between_the_modalities_does_not_matter(clustered):
    images, texts = clustered
    near = ITQ(bits=16).fit(images, texts).transform(texts, "text")
    far = ITQ(bits=16).fit(images, texts + 50).transform(texts + 50, "text")
    assert (np.unpackbits(near ^ far, axis=1).mean()) < 0.01


@pytest.mark.parametrize("empty", ["image", "text"])
def test_one_modality_may_be_absent(clustered, empty):
    images, texts = clustered
    images, texts = (images[:0], texts) if empty == "image" else (images, texts[:0])
    hasher = ITQ(bits=16).fit(images, texts)
    np.testing.assert_array_equal(hasher.means_["image"], hasher.means_["text"])
    assert hasher.transform(clustered[0][:3], "image").shape == (3, 2)


def test_bits_beyond_the_width_come_from_further_rotations(clustered):
    hasher = ITQ(bits=80).fit(*clustered)
    assert hasher.transform(clustered[0], "image").shape == (600, 10)
    assert [len(errors) for errors in hasher.errors_] == [50, 50, 50]
    assert kept(hasher.similarity, *clustered) > kept(ITQ(bits=32).fit(*clustered).similarity, *clustered)


def test_fewer_rows_than_bits_are_no_error():
    rows = np.random.default_rng(0).normal(size=(3, 16))
    assert ITQ(bits=16).fit(rows, rows[:1]).transform(rows, "text").shape == (3, 2)


def test_both_sides_must_share_a_space():
    with pytest.raises(InputError, match="images have width 4 and texts 5"):
        ITQ(bits=8).fit(np.ones((3, 4)), np.ones((3, 5)))
