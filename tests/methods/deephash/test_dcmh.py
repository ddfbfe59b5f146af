"""DCMH's terms."""

import numpy as np
import pytest
import torch

from tuwen import methods
from tuwen.methods.network import Batch


@pytest.fixture
def started():
    """An unfitted DCMH of eight bits with outputs for four training pairs of two classes."""
    method = methods.find("dcmh")(bits=8, device="cpu", quantisation=0.0, balance=0.0)
    method.net_ = torch.nn.Linear(1, 1)
    labels = np.eye(2, dtype=np.float32)[[0, 0, 1, 1]]
    method._start(np.zeros((4, 3)), np.zeros((4, 3)), labels)
    return method, torch.from_numpy(labels)


def test_the_likelihood_is_that_of_a_batch_against_all_pairs(started):
    method, labels = started
    rng = np.random.default_rng(0)
    u, v = (torch.from_numpy(rng.normal(size=(4, 8)).astype(np.float32)) for _ in range(2))
    loss = method._loss(u, v, Batch(u, v, labels, torch.arange(4), 0.0))
    half = (u @ v.T / 2).numpy()
    alike = (labels @ labels.T > 0).numpy()
    assert float(loss) == pytest.approx(2 * (np.log1p(np.exp(half)) - alike * half).mean(), rel=1e-5)


def test_what_training_kept_for_itself_is_gone(classes):
    method = methods.find("dcmh")(bits=8, hidden=16, epochs=2, device="cpu").fit(*classes)
    assert not hasattr(method, "_outputs")
