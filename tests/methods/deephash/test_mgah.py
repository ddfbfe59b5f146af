"""MGAH's generator and its neighbours."""

import numpy as np
import pytest
import torch

from tuwen import methods
from tuwen.methods.network import Batch

MGAH = methods.find("mgah")


@pytest.fixture
def started(classes):
    """An MGAH of eight bits before its first step, and a batch of thirty of its pairs."""
    images, texts, _ = classes
    method = MGAH(bits=8, hidden=16, linked=4, standardise=False, device="cpu")
    torch.manual_seed(0)
    method.net_ = method._build(12, 9, 0)
    method._start(images, texts, np.zeros((90, 0)))
    rows = torch.arange(30)
    x, y = torch.from_numpy(images)[rows], torch.from_numpy(texts)[rows]
    return method, Batch(x, y, torch.zeros(30, 0), rows, 0.0)


def test_neighbours_are_of_either_modality_and_the_pair_itself(started, classes):
    near = started[0]._near.numpy()
    assert near.shape == (90, 9)
    assert (near[:, 0] == np.arange(90)).all()
    for side, found in zip(classes[:2], (near[:, 1:5], near[:, 5:]), strict=True):
        unit = side / np.linalg.norm(side, axis=1, keepdims=True)
        cosines = unit @ unit.T - 2 * np.eye(90)
        assert (np.sort(found) == np.sort(np.argsort(-cosines, axis=1)[:, :4])).all()


def test_the_generator_never_draws_the_pair_itself(started):
    method, batch = started
    chances = method._chances(batch, "text").exp()
    assert not chances.diagonal().any()
    torch.testing.assert_close(chances.sum(dim=1), torch.ones(30))


def test_generator_and_discriminator_learn_from_their_own_term(started):
    method, batch = started
    method._step(batch).backward()
    assert all(one.grad is not None for one in method.net_.parameters())
    # nothing is gained by a hinge that is never met
    method.margin = -100.0
    method.net_.zero_grad()
    method._step(batch).backward()
    assert not method.net_["image"][0].weight.grad.any()
    assert method.net_["image_generator"][0].weight.grad.any()


def test_codes_of_a_class_are_nearer_without_labels(classes):
    images, texts, labels = classes
    small = {"hidden": 16, "batch_size": 30, "epochs": 20, "learning_rate": 0.01, "device": "cpu"}
    method = MGAH(bits=16, validation=0.0, **small).fit(images, texts)
    scores, same = method.similarity(images, texts), labels[:, None] == labels
    assert scores[same].mean() > scores[~same].mean() + 4
