"""What parts gather, and that padding and order do not matter."""

import numpy as np
import pytest
import torch

from tuwen import methods
from tuwen.errors import InputError
from tuwen.methods.deep.hhco import Gathering

SMALL = {"dim": 8, "epochs": 3, "device": "cpu", "learning_rate": 0.01, "memory": 5}


@pytest.fixture(scope="module")
def sets(classes):
    """Ninety pairs of three regions and two words each."""
    rng = np.random.default_rng(1)
    images, texts, _ = classes
    regions = np.stack([images + rng.normal(size=images.shape) for _ in range(3)], axis=1)
    return regions.astype(np.float32), np.stack([texts, texts + 0.1], axis=1).astype(np.float32)


def test_neighbours_of_an_item_are_weighed_by_softmax():
    gathering = Gathering(2)
    for layer in (gathering.asks, gathering.told, gathering.reads, gathering.read):
        layer.bias.data.zero_()
    gathering.asks.weight.data = torch.eye(2).repeat(2, 1)
    gathering.told.weight.data = torch.eye(2)
    gathering.read.weight.data.zero_()
    parts = np.array([[1.0, 0.0], [0.5, 2.0]])
    weights = np.exp(parts @ parts.T / 2**0.5)
    expected = parts + weights / weights.sum(axis=1, keepdims=True) @ parts
    there = torch.tensor([[True, True, False]])
    padded = torch.tensor(np.vstack([parts, [[7.0, 7.0]]]), dtype=torch.float32)[None]
    found = gathering(padded, there, torch.zeros(4, 2))[0, :2].detach()
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_both_modalities_read_one_memory(sets):
    method = methods.find("hhco")(**SMALL).fit(*sets)
    assert method.state["weights_"]["memory.weight"].shape == (5, 8)
    before = method.transform(sets[0][:3], "image"), method.transform(sets[1][:3], "text")
    method.net_["memory"].weight.data += 1
    for features, modality, old in zip(sets, ("image", "text"), before, strict=True):
        assert np.abs(method.transform(features[:3], modality) - old).max() > 1e-3


def test_padding_and_the_order_of_parts_change_nothing(sets):
    method = methods.find("hhco")(**SMALL).fit(*sets)
    expected = method.transform(sets[0][:5], "image")
    padded = np.concatenate([sets[0][:5, ::-1], np.zeros((5, 4, 12), np.float32)], axis=1)
    np.testing.assert_allclose(method.transform(padded, "image"), expected, atol=1e-5)


def test_a_memory_without_rows_is_refused():
    with pytest.raises(InputError, match="memory is 0"):
        methods.find("hhco")(memory=0)
