import numpy as np
import pytest

from tuwen.illustrate import weighing
from tuwen.illustrate.spaces import Spaces
from tuwen.illustrate.weighing import Learned, learn_weights


@pytest.fixture(scope="module")
def crossed(paired):
    """A library whose space of both is all noise, but for what it is told."""
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(2, 300, 5)).astype(np.float32)
    noise /= np.linalg.norm(noise, axis=2, keepdims=True)
    paired.vectors["cross-image"], paired.vectors["cross-text"] = noise
    return paired


def test_a_ranking_that_knows_the_pictures_counts_and_noise_does_not(crossed):
    found = learn_weights(crossed, Spaces(), ["through", "cross"])
    assert found.weights["through"] > 0.9 and sum(found.weights.values()) == pytest.approx(1, abs=1e-3)
    assert found.mrr["through"] > 2 * found.mrr["cross"]
    assert found.mrr["fused"] == pytest.approx(found.mrr["through"], rel=0.1)
    assert found.queries == 300


def test_of_a_large_library_some_items_are_drawn(crossed, monkeypatch):
    monkeypatch.setattr(weighing, "MOST", 220)
    found = learn_weights(crossed, Spaces(), ["through", "cross"])
    assert found.queries == 220 and found.weights["through"] > 0.9


def test_weights_are_kept_as_json(crossed):
    found = Learned({"through": 1.0}, {"fused": 0.5}, 3)
    assert Learned.from_json(found.to_json()) == found


def test_too_few_pairs_teach_nothing(five):
    assert learn_weights(five, Spaces(), ["through"]) is None


def test_rankings_that_cannot_be_learned_follow_those_that_can():
    learned = Learned({"through": 0.6, "cross": 0.4}, {}, 3)
    assert learned.weigh(["text", "through", "cross"], "image")["text"] == pytest.approx(0.6)
    weights = learned.weigh(["text", "triples", "image", "cross"], "image")
    assert weights["text"] == weights["triples"] == pytest.approx(0.3) and weights["image"] == 0.6
    assert learned.weigh(["image", "through"], "text")["image"] == pytest.approx(0.6)
