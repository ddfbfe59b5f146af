"""Neighbours of pictures and of their texts: hit rate and chance."""

import itertools
from math import comb

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.metrics import average_hit_rate


def lists(scores, pool, r):
    """Every list of the best r of a pool that the order of tied ones can give."""
    found = set()
    for order in itertools.permutations(pool):
        ranked = [scores[i] for i in order]
        if ranked == sorted(ranked, reverse=True):
            found.add(order)
    return [set(order[:r]) for order in sorted(found)]


@pytest.mark.parametrize("within", ["texts", "both", "none"])
@pytest.mark.parametrize("r", [1, 2, 3, 9])
def test_tied_neighbours_give_the_mean_over_all_orders(within, r):
    rng = np.random.default_rng(r)
    images, texts = rng.integers(0, 3, (2, 6, 6))
    classes = np.array([0, 0, 1, 0, 1, 0])
    ours, _ = average_hit_rate(images, texts, r, classes=classes, within=within)
    for pair in range(6):
        others = [i for i in range(6) if i != pair]
        same = [i for i in others if classes[i] == classes[pair]]
        one = lists(images[pair], same if within == "both" else others, r)
        two = lists(texts[pair], others if within == "none" else same, r)
        plain = np.mean([bool(a & b) for a in one for b in two])
        assert ours.values[pair] == pytest.approx(plain)


@pytest.mark.parametrize("r", [1, 3, 10])
def test_chance_is_what_scores_alike_get(r):
    alike, classes = np.zeros((12, 12)), np.arange(12) % 2
    for within in ("texts", "both", "none"):
        found, chance = average_hit_rate(alike, alike, r, classes=classes, within=within)
        np.testing.assert_allclose(found.values, chance.values, atol=1e-12)
    assert chance.mean == pytest.approx(1 - comb(11 - r, r) / comb(11, r))


def test_the_same_neighbours_are_always_met_and_the_protocol_says_of_what():
    scores = np.random.default_rng(0).random((9, 9))
    found, _ = average_hit_rate(scores, scores, 2)
    assert found.mean == 1
    assert str(found.protocol).startswith("AHR@2; true: in both lists")
    assert found.protocol.note == "both lists from all pairs"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: average_hit_rate(np.eye(3), np.eye(4), 1), "same pairs"),
        (lambda: average_hit_rate(np.eye(3), np.eye(3), 0), "k is 0"),
        (lambda: average_hit_rate(np.eye(3), np.eye(3), 1, classes=[0]), "there are 3 pairs"),
        (lambda: average_hit_rate(np.eye(3), np.eye(3), 1, within="images"), "within is 'images'"),
        (lambda: average_hit_rate(np.full((3, 3), np.nan), np.eye(3), 1), "NaN"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call()
