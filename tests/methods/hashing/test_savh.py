"""Semantic-assisted visual hashing."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.hashing.savh import SAVH


def test_the_loss_of_signs_never_rises(classes):
    losses = SAVH(bits=8, topics=20).fit(*classes).losses_
    assert (np.diff(losses) <= 1e-9).all()
    assert losses[-1] < losses[0]


def test_codes_before_the_rotation_are_orthogonal_and_centred(classes):
    x, y = ((s - s.mean(axis=0)).astype(np.float64) for s in classes[:2])
    hasher = SAVH(bits=8, topics=20)
    z = hasher._smoothest(x, y)
    np.testing.assert_allclose(z.T @ z / 90, np.eye(8), atol=1e-8)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-8)


def test_images_of_like_texts_get_like_codes(classes):
    """Labels are never seen: what brings the classes out are the texts."""
    images, texts, labels = classes
    scores = SAVH(bits=8, topics=20).fit(images, texts).similarity(images, texts)
    same = labels[:, None] == labels[None]
    assert scores[same].mean() > scores[~same].mean() + 1


def test_more_bits_than_directions_are_refused(classes):
    with pytest.raises(InputError, match="bits is 64, but topics and features have no more"):
        SAVH(bits=64, topics=10).fit(*classes)


def test_no_topics_are_refused(classes):
    with pytest.raises(InputError, match="topics is 0"):
        SAVH(bits=8, topics=0).fit(*classes)


def test_wikipedia_is_above_chance(scored):
    found = scored(SAVH(bits=16))["modality"]
    assert min(found) > 0.17
