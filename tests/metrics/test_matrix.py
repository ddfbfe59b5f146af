"""Figures of rankings; with ties they are expectations over all orders."""

import itertools

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.metrics import first_rank, hit_at, recall_at

SCORES = np.array([[0.9, 0.5, 0.7, 0.1]])


def over_all_orders(scores, relevant, measure):
    """The mean of `measure(relevance in ranked order)` over every order of equal scores."""
    found = []
    for order in itertools.permutations(range(len(scores))):
        ranked = [scores[i] for i in order]
        if ranked == sorted(ranked, reverse=True):
            found.append(measure([relevant[i] for i in order]))
    return np.mean(found)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("k", [1, 2, 3, 5, 9])
def test_ties_give_the_mean_over_all_orders(seed, k):
    rng = np.random.default_rng(seed)
    scores, relevant = rng.integers(0, 3, 6), rng.random(6) < 0.4
    relevant[0] |= not relevant.any()
    args = scores[None].astype(float), relevant[None]
    assert hit_at(*args, k)[0] == pytest.approx(over_all_orders(scores, relevant, lambda r: any(r[:k])))
    assert recall_at(*args, k)[0] == pytest.approx(
        over_all_orders(scores, relevant, lambda r: sum(r[:k]) / sum(r))
    )
    assert first_rank(*args)[0] == pytest.approx(
        over_all_orders(scores, relevant, lambda r: r.index(True) + 1)
    )


def test_without_ties_they_are_the_usual_figures():
    relevant = np.array([[False, True, True, False]])
    assert [hit_at(SCORES, relevant, k)[0] for k in (1, 2, 3)] == [0, 1, 1]
    assert [recall_at(SCORES, relevant, k)[0] for k in (1, 2, 3)] == [0, 0.5, 1]
    assert first_rank(SCORES, relevant)[0] == 2


def test_scoring_everything_alike_gets_what_guessing_gets():
    scores, relevant = np.zeros((1, 10)), np.arange(10)[None] == 0
    assert hit_at(scores, relevant, 3)[0] == pytest.approx(0.3)
    assert first_rank(scores, relevant)[0] == 5.5


def test_queries_without_a_true_item_count_nowhere():
    relevant = np.zeros((1, 4), bool)
    assert np.isnan(
        [hit_at(SCORES, relevant, 2), recall_at(SCORES, relevant, 2), first_rank(SCORES, relevant)]
    ).all()


def test_infinite_scores_and_no_items_are_no_error():
    scores = np.array([[-np.inf, -np.inf, 1]])
    assert hit_at(scores, np.array([[True, False, False]]), 2)[0] == 0.5
    assert np.isnan(hit_at(np.empty((1, 0)), np.empty((1, 0), bool), 1)[0])
    assert hit_at(np.empty((0, 3)), np.empty((0, 3), bool), 1).shape == (0,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.ones((1, 2)), np.ones((1, 3)), 1), "shape"),
        ((np.ones(2), np.ones(2), 1), "shape"),
        ((np.full((1, 2), np.nan), np.ones((1, 2)), 1), "NaN"),
        ((np.ones((1, 2)), np.ones((1, 2)), 0), "k is 0"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(InputError, match=message):
        hit_at(*arguments)
