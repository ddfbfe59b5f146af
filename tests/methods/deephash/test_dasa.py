"""DASA's attentions and its critic."""

import numpy as np
import pytest
import torch

from tuwen import methods
from tuwen.methods.network import Batch

DASA = methods.find("dasa")


@pytest.fixture
def started():
    """A DASA of eight bits before its first step, and a batch of eight pairs of two classes."""
    method = DASA(bits=8, hidden=16, slots=4, device="cpu")
    torch.manual_seed(0)
    method.net_ = method._build(6, 5, 2)
    labels = np.eye(2, dtype=np.float32)[[0, 1] * 4]
    method._start(np.zeros((8, 6)), np.zeros((8, 5)), labels)
    return method, Batch(torch.randn(8, 6), torch.randn(8, 5), torch.from_numpy(labels), torch.arange(8), 0.0)


def test_the_critic_alone_learns_when_it_has_no_weight(started):
    method, batch = started

    def slopes(adversary):
        method.adversary = adversary
        method.net_.zero_grad()
        method._step(batch).backward()
        return method.net_["critic"][0].weight.grad.clone(), method.net_["image_bits"].weight.grad.clone()

    (critic, tower), (same, without) = slopes(5.0), slopes(0.0)
    torch.testing.assert_close(critic, same)
    assert not torch.allclose(tower, without)


def test_both_modalities_read_from_the_same_rows(started):
    method, _ = started
    slots = method.net_["slots"].weight.detach()
    near = torch.softmax(slots[2] * 50 @ slots.T / 4, dim=0)
    torch.testing.assert_close(method._read(slots[2:3] * 50).detach()[0], near @ slots)


def test_codes_of_a_class_are_nearer(classes):
    images, texts, labels = classes
    method = DASA(bits=16, hidden=32, epochs=10, learning_rate=0.01, validation=0.0, device="cpu")
    scores = method.fit(images, texts, labels).similarity(images, texts)
    same = labels[:, None] == labels
    assert scores[same].mean() > scores[~same].mean() + 6
