import itertools

import numpy as np
import pytest

from tuwen.errors import InputError, UnknownName
from tuwen.matching import match
from tuwen.resolve import deciding
from tuwen.resolve.deciding import decide

# left, right, score: 0-0 is the best of all, yet 0-1 and 1-0 together are worth more
LEFT, RIGHT, SCORE = np.array([0, 0, 1, 2]), np.array([0, 1, 0, 2]), np.array([0.9, 0.8, 0.7, 0.2])


def kept(how, threshold=None, **options):
    return decide(LEFT, RIGHT, SCORE, how=how, threshold=threshold, shape=(3, 3), **options).tolist()


def random_pairs(seed, n=7, m=6, share=0.5):
    random = np.random.default_rng(seed)
    left, right = np.nonzero(random.random((n, m)) < share)
    return left, right, random.random(len(left)), (n, m)


def best_sum(left, right, score):
    """The largest sum of scores of any set of pairs without a shared item, by trying all."""
    best = 0.0
    for count in range(1, len(left) + 1):
        for some in itertools.combinations(range(len(left)), count):
            rows, columns = left[list(some)], right[list(some)]
            if len(set(rows)) == len(set(columns)) == count:
                best = max(best, score[list(some)].sum())
    return best


def test_a_threshold_keeps_every_pair_that_reaches_it():
    assert kept("threshold", 0.7) == [0, 1, 2]
    assert kept("threshold") == [0, 1, 2, 3]


def test_one_to_one_makes_the_sum_the_largest():
    assert kept("one-to-one") == [1, 2, 3]


def test_greedy_takes_the_best_pair_first():
    assert kept("greedy") == [0, 3]


def test_mutual_keeps_only_bests_of_both():
    assert kept("mutual") == [0, 3]


def test_one_to_many_gives_each_right_item_one_left_item():
    assert kept("one-to-many") == [0, 1, 3]


@pytest.mark.parametrize("how", ["one-to-one", "greedy", "mutual", "one-to-many"])
def test_no_match_is_an_answer(how):
    assert kept(how, 0.95) == []
    assert 3 not in kept(how, 0.5)


def test_pairs_below_the_threshold_do_not_stand_in_the_way():
    # without 0-1, nothing is lost by 0-0
    assert kept("one-to-one", 0.75) == [0]


@pytest.mark.parametrize("seed", range(4))
def test_one_to_one_is_the_best_of_all_choices(seed):
    left, right, score, shape = random_pairs(seed, 4, 4)
    chosen = decide(left, right, score, how="one-to-one", shape=shape)
    assert len(set(left[chosen])) == len(set(right[chosen])) == len(chosen)
    assert score[chosen].sum() == pytest.approx(best_sum(left, right, score))


@pytest.mark.parametrize("seed", range(4))
def test_large_components_are_solved_as_well_by_the_sparse_solver(seed, monkeypatch):
    left, right, score, shape = random_pairs(seed)
    dense = decide(left, right, score, how="one-to-one", shape=shape)
    monkeypatch.setattr(deciding, "_DENSE", 0)
    assert decide(left, right, score, how="one-to-one", shape=shape).tolist() == dense.tolist()


@pytest.mark.parametrize(
    ("how", "same_as"), [("mutual", "mutual"), ("greedy", "greedy"), ("one-to-one", "optimal")]
)
def test_with_all_pairs_as_candidates_it_agrees_with_the_matching_of_a_matrix(how, same_as):
    scores = np.random.default_rng(5).random((8, 9)).astype(np.float32)
    left, right = (part.ravel() for part in np.indices(scores.shape))
    chosen = decide(left, right, scores.ravel(), how=how, threshold=0.4, shape=scores.shape)
    pairing = match(scores, how=same_as, min_score=0.4)
    assert left[chosen].tolist() == pairing.rows.tolist()
    assert right[chosen].tolist() == pairing.columns.tolist()


@pytest.mark.parametrize("how", ["threshold", "one-to-one", "mutual", "greedy", "one-to-many"])
def test_the_order_of_candidates_changes_nothing(how):
    left, right, score, shape = random_pairs(1)
    score = np.round(score, 1)  # with ties
    order = np.random.default_rng(2).permutation(len(left))
    one = decide(left, right, score, how=how, shape=shape)
    other = order[decide(left[order], right[order], score[order], how=how, shape=shape)]
    assert sorted(other.tolist()) == one.tolist()


@pytest.mark.parametrize("how", ["mutual", "greedy"])
def test_within_one_side_an_item_has_one_partner_whichever_column_it_stands_in(how):
    left, right, score = np.array([0, 1, 2]), np.array([1, 2, 3]), np.array([0.8, 0.9, 0.7])
    assert decide(left, right, score, how=how, shape=(4, 4), same=True).tolist() == [1]


def test_a_negative_threshold_lets_negative_scores_pass():
    one = np.array([0])
    assert decide(one, one, np.array([-0.2]), threshold=-0.5, shape=(1, 1)).tolist() == [0]
    assert decide(one, one, np.array([-0.2]), shape=(1, 1)).tolist() == []


@pytest.mark.parametrize("how", ["threshold", "one-to-one", "mutual", "greedy", "one-to-many"])
def test_no_candidates_are_no_pairs(how):
    none = np.empty(0, dtype=np.intp)
    assert decide(none, none, none.astype(float), how=how, shape=(0, 5)).tolist() == []


@pytest.mark.parametrize(
    ("left", "right", "score", "message"),
    [
        ([0], [0, 1], [0.5], "must align"),
        ([0], [0], [np.nan], "score of pair 0 is nan"),
        ([0], [3], [0.5], "there are 3 items"),
        ([1, 1], [2, 2], [0.5, 0.4], r"pair \(1, 2\) stands twice"),
    ],
)
def test_what_does_not_go_together_is_named(left, right, score, message):
    with pytest.raises(InputError, match=message):
        decide(np.array(left), np.array(right), np.array(score), shape=(3, 3))


def test_ways_that_need_two_sides_are_refused_within_one():
    with pytest.raises(InputError, match="needs two sides"):
        kept("one-to-one", same=True)


def test_an_unknown_way_suggests_the_nearest():
    with pytest.raises(UnknownName, match="one-to-one"):
        kept("one-to-on")
