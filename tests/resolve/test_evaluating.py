import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.resolve.base import Candidates, Truth
from tuwen.resolve.evaluating import class_confusion, evaluate

# 3 x 4 items; the true pair (2, 3) is no candidate
CANDIDATES = Candidates.of([0, 0, 1, 2], [0, 1, 1, 2], (3, 4))
TRUTH = Truth.of([(0, 0), (1, 1), (2, 3)])


def test_pairs_that_blocking_did_not_reach_are_counted():
    found = evaluate([0, 1], CANDIDATES, TRUTH).pairs
    assert (found.tp, found.fp, found.fn, found.tn) == (1, 1, 2, 8)
    assert found.tp + found.fp + found.fn + found.tn == 12
    assert (found.precision, found.recall) == (0.5, pytest.approx(1 / 3))
    assert found.f1 == pytest.approx(2 / 5)


def test_blocking_is_told_by_what_it_saves_and_what_it_loses():
    blocking = evaluate([], CANDIDATES, TRUTH).blocking
    assert blocking.reduction_ratio == pytest.approx(8 / 12)
    assert blocking.pair_completeness == pytest.approx(2 / 3)
    assert blocking.pair_quality == 0.5


def test_nothing_counts_twice():
    twice = Truth(np.array([0, 0]), np.array([0, 0]))
    found = evaluate([0, 0, 0], CANDIDATES, twice).pairs
    assert (found.tp, found.fp, found.fn, found.precision) == (1, 0, 0, 1.0)


def test_within_one_side_a_pair_is_one_whichever_way_it_is_written():
    candidates = Candidates.of([0, 1], [1, 2], (4, 4), same=True)
    found = evaluate([0, 1], candidates, Truth(np.array([1, 3]), np.array([0, 0]))).pairs
    assert (found.tp, found.fp, found.fn, found.tn) == (1, 1, 1, 3)


def test_nothing_kept_and_nothing_true_are_zero_not_an_error():
    found = evaluate([], CANDIDATES, Truth.of([])).pairs
    assert (found.precision, found.recall, found.f1, found.tn) == (0.0, 0.0, 0.0, 12)


def test_a_curve_has_a_point_for_every_score_and_counts_what_was_not_reached():
    scores = np.array([0.9, 0.5, 0.5, 0.1])
    curve = evaluate([0], CANDIDATES, TRUTH, score=scores).curve
    assert curve.thresholds.tolist() == [0.9, 0.5, 0.1]
    assert curve.precision.tolist() == [1.0, pytest.approx(2 / 3), 0.5]
    assert curve.recall.tolist() == pytest.approx([1 / 3, 2 / 3, 2 / 3])
    assert curve.best == 1
    assert curve.precision_at(0.5) == pytest.approx(2 / 3)
    assert np.isnan(curve.precision_at(0.9))


def test_a_curve_can_be_of_those_alone_that_the_rule_would_keep():
    scores = np.array([0.9, 0.5, 0.5, 0.1])
    curve = evaluate([0], CANDIDATES, TRUTH, score=scores, eligible=[0, 2]).curve
    assert curve.kept.tolist() == [1, 2]
    assert curve.precision.tolist() == [1.0, 1.0]


def test_the_confusion_counts_partners_by_class_and_those_without():
    table = class_confusion(
        np.array([0, 1, 2]), CANDIDATES, ["cat", "dog", None], ["cat", "dog", "dog", "cat"]
    )
    assert table.classes == ["cat", "dog", "–"]
    assert table.counts.tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]
    assert table.accuracy == pytest.approx(2 / 3)


def test_what_does_not_align_is_named():
    with pytest.raises(InputError, match="kept names candidates 9 to 9; there are 4"):
        evaluate([9], CANDIDATES, TRUTH)
    with pytest.raises(InputError, match="4 finite numbers"):
        evaluate([0], CANDIDATES, TRUTH, score=np.zeros(3))
    with pytest.raises(InputError, match="the truth names right rows 4 to 4"):
        evaluate([0], CANDIDATES, Truth.of([(0, 4)]))
    with pytest.raises(InputError, match="classes for sides"):
        evaluate([0], CANDIDATES, TRUTH, classes=(["a"], ["b"]))
