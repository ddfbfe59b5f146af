"""Entropy in place of a reversed loss."""

import numpy as np
import pytest
import torch

from tuwen import methods
from tuwen.methods.deep.entropy_adversarial import disagreement, entropy


def test_entropy_is_highest_where_the_critic_cannot_know():
    assert float(entropy(torch.tensor([[3.0, 3.0]]))) == pytest.approx(np.log(2))
    sure_and_wrong, unsure = torch.tensor([[9.0, -9.0]]), torch.tensor([[0.5, 0.0]])
    assert entropy(sure_and_wrong) < 1e-5 < entropy(unsure)


def test_disagreement_is_the_divergence_of_both_directions():
    scores = np.array([[2.0, 0.5], [1.5, 1.0]])
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    q = np.exp(scores.T) / np.exp(scores.T).sum(axis=1, keepdims=True)
    expected = (p * np.log(p / q) + q * np.log(q / p)).sum(axis=1).mean()
    assert float(disagreement(torch.from_numpy(scores))) == pytest.approx(expected)


def test_the_critic_does_not_learn_to_be_unsure(classes):
    small = {"dim": 8, "hidden": 16, "device": "cpu", "epochs": 1, "learning_rate": 0.0}
    method = methods.find("entropy_adversarial")(**small).fit(*classes[:2])
    data = [torch.from_numpy(part) for part in classes[:2]] + [torch.zeros(90, 0)]
    batch = method._batch(data, torch.arange(20), 0.5)

    def gradients(strength):
        method.adversary = strength
        method.net_.zero_grad()
        method._step(batch).backward()
        return [method.net_[name][0].weight.grad.clone() for name in ("critic", "image")]

    without, strong = gradients(0.0), gradients(10.0)
    torch.testing.assert_close(without[0], strong[0])
    assert (without[1] - strong[1]).abs().max() > 1e-5
