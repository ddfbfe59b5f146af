"""Losses that networks with codes share."""

import numpy as np
import pytest
import torch

from tuwen import methods
from tuwen.errors import InputError
from tuwen.methods.hash_losses import likelihood, off_signs, ranked_triplets


def test_triplets_are_all_those_of_a_true_and_a_wrong_item():
    scores = torch.tensor([[0.9, 0.5, 0.8], [0.1, 0.2, 0.3]])
    alike = torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    # of the first row (0, 2) and (1, 2), of the second (2, 0) and (2, 1)
    costs = [0.2 + 0.8 - 0.9, 0.2 + 0.8 - 0.5, 0.0, 0.2 + 0.2 - 0.3]
    assert float(ranked_triplets(scores, alike, 0.2)) == pytest.approx(np.mean(costs), abs=1e-6)


def test_a_triplet_weighs_as_much_as_its_items_differ_in_likeness():
    scores = torch.tensor([[0.0, 0.0, 0.5]])
    alike = torch.tensor([[1.0, 0.75, 0.0]])
    # hinges 0.2 of (0, 1), 0.7 of (0, 2) and of (1, 2)
    expected = (0.25 * 0.2 + 1 * 0.7 + 0.75 * 0.7) / 2
    assert float(ranked_triplets(scores, alike, 0.2)) == pytest.approx(expected, abs=1e-6)


def test_without_a_wrong_item_there_is_nothing_to_rank():
    scores = torch.rand(3, 3, requires_grad=True)
    loss = ranked_triplets(scores, torch.ones(3, 3), 0.2)
    loss.backward()
    assert loss.item() == 0
    assert torch.isfinite(scores.grad).all()


def test_signs_are_where_nothing_pulls():
    assert float(off_signs(torch.tensor([-1.0, 1.0]), torch.tensor([0.5, 1.5]))) == pytest.approx(0.25)


def test_alike_outputs_are_likelier_the_larger_their_product():
    alike = torch.ones(1, 1)
    assert likelihood(torch.tensor([[2.0]]), alike) < likelihood(torch.tensor([[1.0]]), alike)
    assert float(likelihood(torch.zeros(1, 1), alike)) == pytest.approx(np.log(2))


@pytest.mark.parametrize("name", ["aadah", "agah", "dasa"])
def test_what_attends_to_hidden_units_needs_some(name):
    with pytest.raises(InputError, match="hidden is 0"):
        methods.find(name)(hidden=0)
