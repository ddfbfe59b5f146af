"""DCHMT's selections and their distances."""

import numpy as np
import pytest
import torch

from tuwen import methods
from tuwen.errors import InputError
from tuwen.methods.network import Batch

DCHMT = methods.find("dchmt")


def test_the_loss_is_of_distances_between_what_a_softmax_selects():
    rng = np.random.default_rng(0)
    u, v = (rng.normal(size=(4, 8)).astype(np.float32) for _ in range(2))
    alike = np.kron(np.eye(2), np.ones((2, 2)))
    p, q = (np.concatenate([1 / (1 + np.exp(-x)), 1 / (1 + np.exp(x))], axis=1) for x in (u, v))
    expected = 0
    for one, other in ((p, q), (p, p), (q, q)):
        distances = np.linalg.norm(one[:, None] - other[None], axis=2)
        short = np.maximum(np.sqrt(2 * 0.5 * 8) - distances, 0)
        expected += (alike * distances**2 + (1 - alike) * short**2).mean()
    labels = torch.eye(2)[[0, 0, 1, 1]]
    given = torch.from_numpy(u), torch.from_numpy(v)
    loss = DCHMT(bits=8)._loss(*given, Batch(*given, labels, torch.arange(4), 0.0))
    assert float(loss) == pytest.approx(expected, rel=1e-4)


def test_items_of_two_classes_differ_in_about_half_of_the_bits(classes):
    images, texts, labels = classes
    method = DCHMT(bits=32, epochs=20, learning_rate=0.01, validation=0.0, device="cpu").fit(
        images, texts, labels
    )
    differ = (32 - method.similarity(images, texts)) / 2
    same = labels[:, None] == labels
    assert differ[same].mean() < 3
    assert differ[~same].mean() > 12


def test_several_labels_count_when_one_is_shared(classes):
    images, texts, labels = classes
    several = np.eye(3)[labels] + np.eye(3)[(labels + (np.arange(90) % 4 == 0)) % 3] > 0
    method = DCHMT(bits=16, epochs=10, learning_rate=0.01, validation=0.0, device="cpu").fit(
        images, texts, several.astype(int)
    )
    scores, shared = method.similarity(images, texts), several @ several.T
    assert scores[shared].mean() > scores[~shared].mean() + 4


def test_more_than_all_bits_cannot_differ():
    with pytest.raises(InputError, match=r"apart is 1\.5"):
        DCHMT(apart=1.5)
