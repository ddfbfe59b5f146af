"""What joins the evidence of all candidates, and what is said of it."""

import numpy as np
import pytest

from tiny_sides import noisy
from tuwen.resolve.rating import of_model
from tuwen.resolve.run import resolve


def easy_labels(left, right, count):
    """The true pair of each of the first items, and one picked at random, which is far too easy."""
    random = np.random.default_rng(0)
    others = random.permutation(len(right))
    pairs = [(row, row) for row in range(count)]
    pairs += [(row, int(others[row])) for row in range(count) if others[row] != row]
    return [(left.ids[i], right.ids[j], i == j) for i, j in pairs]


def test_labels_picked_at_random_are_warned_of_where_nothing_follows_from_them():
    left, right = noisy(200, noise=1.2)
    found = resolve(left, right, labels=easy_labels(left, right, 60), how="threshold")
    assert found.score.sum() > 200
    assert any("picked at random" in note for note in found.notes)


def test_they_do_no_harm_where_an_item_has_one_partner():
    left, right = noisy(200, noise=1.2)
    found = resolve(left, right, labels=easy_labels(left, right, 60))
    true = found.candidates.left == found.candidates.right
    assert found.score.sum() == pytest.approx(true.sum(), rel=0.3)  # sixty items say no more
    assert not any("picked at random" in note for note in found.notes)


def test_facts_say_what_was_learned_from():
    left, right = noisy(60)
    labels = [(name, name, True) for name in left.ids[:20]]
    assert dict(of_model(resolve(left, right, labels=labels)))["learned from"] == "labels"
    facts = dict(of_model(resolve(left, right)))
    assert facts["learned from"] == "mixture"
    assert facts["supposed matches"] == pytest.approx(60, abs=10)
    assert of_model(resolve(*noisy(3))) == [("learned from", "nothing: too few pairs")]


def test_a_model_that_was_given_is_not_learned_again():
    left, right = noisy(60)
    first = resolve(left, right, labels=[(name, name, True) for name in left.ids[:20]])
    other = resolve(left, right, model=first.joint, labels=[("n000", "n001", True)])
    assert other.joint.weights.tolist() == first.joint.weights.tolist()
