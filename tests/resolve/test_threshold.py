import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.resolve.curves import pair_curve
from tuwen.resolve.threshold import threshold_for, threshold_of_best_f1


def curve_of(pairs, good, seed=0):
    """`good` gives the probability that a pair of a score is true."""
    random = np.random.default_rng(seed)
    scores = random.random(pairs)
    true = random.random(pairs) < good(scores)
    return pair_curve(scores, true, int(true.sum()))


def test_the_lowest_threshold_that_surely_keeps_the_target_is_chosen():
    curve = curve_of(20000, lambda score: np.where(score > 0.5, 0.99, 0.2))
    found = threshold_for(curve, 0.95)
    assert found.sure
    assert found.low >= 0.95
    assert 0.42 < found.value < 0.52
    assert found.precision >= found.low


def test_the_promise_is_kept_on_fresh_pairs():
    """Of 200 draws, the true precision is below the target in about 5 %, here at most 10 %."""
    broken = 0
    for seed in range(200):
        found = threshold_for(curve_of(2000, lambda score: score, seed), 0.8)
        # a pair of score s is true with probability s: above t, the precision is (1 + t) / 2
        broken += found is not None and found.sure and (1 + found.value) / 2 < 0.8
    assert broken <= 20


def test_too_few_pairs_give_a_threshold_that_is_not_sure():
    found = threshold_for(pair_curve(np.array([0.9, 0.8, 0.3]), np.array([True, True, False]), 2), 0.95)
    assert not found.sure
    assert (found.value, found.precision, found.recall, found.pairs) == (0.8, 1.0, 1.0, 2)
    # two of two right: the bound is the 2nd root of 0.05
    assert found.low == pytest.approx(0.05**0.5)


def test_where_no_threshold_is_good_enough_there_is_none():
    assert threshold_for(pair_curve(np.array([0.9, 0.8]), np.array([False, True]), 1), 0.9) is None
    assert threshold_for(pair_curve(np.empty(0), np.empty(0, dtype=bool), 3), 0.9) is None


@pytest.mark.parametrize("target", [0.0, 1.0, 95])
def test_a_target_is_a_share(target):
    with pytest.raises(InputError, match="share above 0 and below 1"):
        threshold_for(pair_curve(np.array([0.9]), np.array([True]), 1), target)


def test_the_best_f1_to_be_expected_is_found_without_truth():
    # F1 of the first k: 2 * 0.9 / (1 + 1.5) = 0.72, 2 * 1.4 / 3.5 = 0.8, 2 * 1.5 / 4.5 = 0.67
    assert threshold_of_best_f1(np.array([0.1, 0.9, 0.5]), 1.5) == 0.5


def test_calibrated_probabilities_lead_near_the_best_f1_there_is():
    random = np.random.default_rng(0)
    probability = random.beta(0.3, 3, 5000)
    true = random.random(5000) < probability
    curve = pair_curve(probability, true, int(true.sum()))
    chosen = threshold_of_best_f1(probability, probability.sum())
    reached = curve.f1[np.searchsorted(-curve.thresholds, -chosen)]
    assert reached > curve.f1.max() - 0.01
    assert chosen < 0.5


def test_where_nothing_is_likely_nothing_is_kept():
    assert threshold_of_best_f1(np.zeros(3), 0.0) > 1
    assert threshold_of_best_f1(np.empty(0), 0.0) > 1
