"""The two streams of CCL, and its distances."""

import numpy as np
import pytest
import torch

from tuwen import methods
from tuwen.errors import InputError
from tuwen.methods.deep.ccl import contrastive

SMALL = {"dim": 8, "hidden": 16, "epochs": 4, "device": "cpu", "learning_rate": 0.01}


def test_distances_are_means_over_those_alike_and_over_the_others():
    u, v = torch.tensor([[1.0, 0.0], [0.0, 3.0]]), torch.tensor([[2.0, 0.0], [1.0, 1.0]])
    apart = np.array([[0, 2 - 2 * 0.5**0.5], [2, 2 - 2 * 0.5**0.5]])
    expected = apart.diagonal().mean() + np.maximum(0, 1 - apart[[0, 1], [1, 0]]).mean()
    assert float(contrastive(u, v, torch.eye(2), 1.0)) == pytest.approx(expected, abs=1e-6)


def test_the_last_columns_have_a_stream_of_their_own(classes):
    weights = methods.find("ccl")(**SMALL, image_fine=5).fit(*classes).state["weights_"]
    assert weights["image_0.0.weight"].shape == (16, 7)
    assert weights["image_1.0.weight"].shape == (16, 5)
    assert "text_1.0.weight" not in weights
    assert weights["image_1_to_text.weight"].shape == (9, 16)


@pytest.mark.parametrize("fine", [-1, 9])
def test_a_fine_stream_leaves_columns_for_the_coarse_one(classes, fine):
    with pytest.raises(InputError, match=f"text_fine is {fine}, but text features have 9 columns"):
        methods.find("ccl")(**SMALL, text_fine=fine).fit(*classes)
