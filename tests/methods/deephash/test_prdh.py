"""PRDH's terms."""

import numpy as np
import pytest
import torch

from tuwen import methods
from tuwen.methods.network import Batch

PRDH = methods.find("prdh")


@pytest.fixture
def measured():
    """A function that gives the loss for outputs of four pairs of two classes, with these weights."""
    labels = np.eye(2, dtype=np.float32)[[0, 0, 1, 1]]

    def loss(u, v, **weights):
        method = PRDH(
            bits=8, device="cpu", **{"within": 0.0, "quantisation": 0.0, "different": 0.0} | weights
        )
        method.net_ = torch.nn.Linear(1, 1)
        method._start(np.zeros((4, 3)), np.zeros((4, 3)), labels)
        u, v = torch.from_numpy(u), torch.from_numpy(v)
        return float(method._loss(u, v, Batch(u, v, torch.from_numpy(labels), torch.arange(4), 0.0)))

    return loss


@pytest.fixture
def outputs():
    """Outputs of images and texts, (4, 8) each."""
    rng = np.random.default_rng(0)
    return [rng.normal(size=(4, 8)).astype(np.float32) for _ in range(2)]


def test_products_within_a_modality_count_too(measured, outputs):
    alike = np.kron(np.eye(2), np.ones((2, 2)))
    half = [one @ one.T / 2 for one in outputs]
    expected = sum((np.log1p(np.exp(one)) - alike * one).mean() for one in half)
    assert measured(*outputs, within=1.0) - measured(*outputs) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("side", [0, 1])
def test_bits_that_repeat_each_other_cost_on_either_side(measured, outputs, side):
    before = measured(*outputs, different=1.0) - measured(*outputs)
    outputs[side] = np.repeat(outputs[side][:, :1], 8, axis=1)
    after = measured(*outputs, different=1.0) - measured(*outputs)
    other = outputs[1 - side] - outputs[1 - side].mean(axis=0)
    between = np.corrcoef(other.T) ** 2
    assert after == pytest.approx(1 + (between.sum() - 8) / 56, rel=1e-4)
    assert after > before
