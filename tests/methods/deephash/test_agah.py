"""AGAH's attention, codes of classes and critics."""

import numpy as np
import pytest
import torch

from tuwen import methods

AGAH = methods.find("agah")


@pytest.fixture
def fitted(classes):
    """A small AGAH that has seen all pairs for a few epochs."""
    return AGAH(bits=16, hidden=16, epochs=8, learning_rate=0.01, validation=0.0, device="cpu").fit(*classes)


def test_codes_of_a_class_are_nearer(fitted, classes):
    images, texts, labels = classes
    scores, same = fitted.similarity(images, texts), labels[:, None] == labels
    assert scores[same].mean() > scores[~same].mean() + 6


def test_class_features_are_the_mean_directions_of_their_items(classes):
    images, texts, labels = classes
    method = AGAH(
        bits=8, hidden=16, epochs=1, batch_size=90, learning_rate=1e-9, validation=0.0, device="cpu"
    )
    method.fit(images, texts, labels)  # the networks hardly move
    with torch.no_grad():
        seen = sum(
            method._feature(next(method._batches(part, side)), side).numpy()
            for part, side in ((images, "image"), (texts, "text"))
        )
    means = np.stack([seen[labels == one].mean(axis=0) for one in range(3)])
    expected = means / np.linalg.norm(means, axis=1, keepdims=True)
    np.testing.assert_allclose(method.net_["classes"].weight.detach(), expected, atol=1e-4)


def test_attention_moves_a_feature_to_the_classes_it_is_near(fitted, classes):
    own = AGAH(bits=16, hidden=16, attention=1.0, device="cpu")
    own.net_ = fitted.net_
    feature = torch.nn.functional.normalize(torch.randn(4, 16))
    centres = fitted.net_["classes"].weight
    near = torch.sigmoid(5 * feature @ centres.T)
    mixed = 0.8 * feature + 0.2 * (near @ centres) / near.sum(dim=1, keepdim=True)
    with torch.no_grad():
        torch.testing.assert_close(fitted._hash(feature, "text"), own.net_["text_bits"](mixed).tanh())
        torch.testing.assert_close(own._hash(feature, "text"), own.net_["text_bits"](feature).tanh())


def test_critics_learn_apart_from_the_codes(classes):
    method = AGAH(bits=8, hidden=16, epochs=1, validation=0.0, device="cpu").fit(*classes)
    torch.manual_seed(0)
    real, other = torch.ones(50, 16) / 4, -torch.ones(50, 16) / 4
    optimizer = torch.optim.Adam(method.net_["image_critic"].parameters(), lr=0.01)
    before = method._critics(real, other, "image").item()
    for _ in range(50):
        optimizer.zero_grad()
        method._critics(real, other, "image").backward()
        optimizer.step()
    critic = method.net_["image_critic"]
    assert method._critics(real, other, "image").item() < before
    gap = (critic(real).mean() - critic(other).mean()).item()
    assert 1 < gap < 3  # two apart, and the slope is held near 1
