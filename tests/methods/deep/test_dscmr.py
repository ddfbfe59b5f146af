"""DSCMR's terms."""

import numpy as np
import pytest
import torch

from tuwen import methods
from tuwen.methods.deep.dscmr import _unlikely


def test_likeness_is_the_negative_log_likelihood_of_shared_labels():
    u = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    alike = torch.eye(2)
    half = np.array([[0.5, 0.0], [0.0, 0.5]])
    expected = (np.log1p(np.exp(half)) - np.eye(2) * half).mean()
    assert float(_unlikely(u, u, alike)) == pytest.approx(expected, abs=1e-6)


def test_both_modalities_share_the_last_layers(classes):
    small = {"dim": 6, "hidden": 12, "epochs": 2, "device": "cpu"}
    weights = methods.find("dscmr")(**small).fit(*classes).state["weights_"]
    assert weights["common.weight"].shape == (6, 12)
    assert weights["classifier.weight"].shape == (3, 6)
