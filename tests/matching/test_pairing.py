"""One-to-one pairs."""

import itertools

import numpy as np
import pytest

from tuwen.errors import InputError, UnknownName
from tuwen.matching import match

SCORES = np.array([[0.9, 0.8, 0.1], [0.85, 0.2, 0.1], [0.3, 0.4, 0.0]], dtype=np.float32)


def pairs(found):
    return list(zip(found.rows.tolist(), found.columns.tolist(), strict=True))


def test_mutual_keeps_each_others_best():
    assert pairs(match(SCORES)) == [(0, 0)]


def test_greedy_takes_the_best_pair_left():
    assert pairs(match(SCORES, how="greedy")) == [(0, 0), (1, 2), (2, 1)]


def test_optimal_has_the_largest_sum():
    assert pairs(match(SCORES, how="optimal")) == [(0, 1), (1, 0), (2, 2)]


@pytest.mark.parametrize("seed", range(5))
def test_greedy_is_what_sorting_all_pairs_gives(seed):
    scores = np.random.default_rng(seed).standard_normal((9, 13)).astype(np.float32)
    rows, columns, expected = set(), set(), []
    for place in np.argsort(-scores.ravel()):
        i, j = divmod(int(place), 13)
        if i not in rows and j not in columns:
            expected.append((i, j))
            rows.add(i)
            columns.add(j)
    assert pairs(match(scores, how="greedy")) == sorted(expected)


@pytest.mark.parametrize("min_score", [None, -0.5, 0.0, 0.5])
def test_optimal_is_the_best_of_all_permutations(min_score):
    scores = np.random.default_rng(3).standard_normal((5, 5)).astype(np.float32)
    kept = np.where(scores >= (-9 if min_score is None else min_score), scores, 0)
    best = max(kept[range(5), order].sum() for order in itertools.permutations(range(5)))
    assert match(scores, how="optimal", min_score=min_score).scores.sum() == pytest.approx(best, abs=1e-5)


@pytest.mark.parametrize("how", ["mutual", "greedy", "optimal"])
def test_pairs_below_the_least_score_are_left_out(how):
    found = match(SCORES, how=how, min_score=0.5)
    assert (found.scores >= 0.5).all()
    np.testing.assert_array_equal(found.scores, SCORES[found.rows, found.columns])


@pytest.mark.parametrize("how", ["mutual", "greedy", "optimal"])
@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_an_empty_side_has_no_pairs(how, shape):
    assert pairs(match(np.empty(shape, np.float32), how=how)) == []


def test_equal_scores_pair_in_order():
    assert pairs(match(np.ones((3, 3), np.float32), how="greedy")) == [(0, 0), (1, 1), (2, 2)]


def test_unknown_ways_are_suggested():
    with pytest.raises(UnknownName, match="did you mean 'optimal'"):
        match(SCORES, how="optimum")


def test_scores_must_be_finite():
    with pytest.raises(InputError, match="NaN"):
        match(np.array([[np.nan]]))
