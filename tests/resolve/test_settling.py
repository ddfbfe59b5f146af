"""The threshold, and which pairs are kept."""

import pytest

from tiny_sides import noisy
from tuwen.errors import InputError
from tuwen.resolve.base import Truth
from tuwen.resolve.run import resolve


def names_of(found):
    candidates = found.candidates
    return [
        (found.left.ids[i], found.other.ids[j])
        for i, j in zip(candidates.left[found.kept], candidates.right[found.kept], strict=True)
    ]


def test_what_was_decided_is_kept_to():
    left, right = noisy(120)
    wrong = [("n000", "n001", True), ("n000", "n000", False)]
    found = resolve(left, right, labels=wrong)
    assert ("n000", "n001") in names_of(found)
    assert ("n000", "n000") not in names_of(found)
    assert any("too few to learn from" in note for note in found.notes)


def test_matches_that_do_not_go_together_are_named():
    left, right = noisy(120)
    found = resolve(left, right, labels=[("n000", "n000", True), ("n000", "n001", True)])
    assert any("do not go with one-to-one" in note for note in found.notes)


def test_a_threshold_is_chosen_for_a_precision():
    left, right = noisy(120, noise=0.6)
    labels = [(left.ids[i], right.ids[j], i == j) for i in range(60) for j in range(60)]
    low = resolve(left, right, labels=labels, target_precision=0.6)
    high = resolve(left, right, labels=labels, target_precision=0.95)
    assert high.threshold > low.threshold
    assert high.chosen.precision >= 0.95
    assert dict(high.steps[4].facts)["threshold"] == high.threshold


def test_without_labels_a_precision_is_an_expectation():
    left, right = noisy(120, noise=0.9)
    found = resolve(left, right, target_precision=0.9, how="threshold")
    assert found.score[found.kept].mean() >= 0.9
    assert any("rests on estimates" in note for note in found.notes)


def test_the_best_f1_to_be_expected_keeps_more_than_one_half_where_little_is_sure():
    left, right = noisy(120, noise=1.2)
    truth = Truth.of((row, row) for row in range(120))
    sure, best = (resolve(left, right, truth=truth, **more) for more in ({}, {"best_f1": True}))
    assert best.threshold < sure.threshold
    assert best.evaluation.pairs.f1 > sure.evaluation.pairs.f1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"threshold": 0.5, "target_precision": 0.9}, "not both"),
        ({"threshold": 0.5, "best_f1": True}, "not both"),
        ({"target_precision": 0.5, "best_f1": True}, "not both"),
        ({"target_precision": 1.5}, "share above 0 and below 1"),
    ],
)
def test_a_threshold_that_makes_no_sense_is_refused(more, said):
    with pytest.raises(InputError, match=said):
        resolve(*noisy(120), **more)


def test_a_precision_that_nothing_reaches_keeps_nothing_and_says_so():
    left, right = noisy(120)
    wrong = [(left.ids[i], right.ids[j], (i + j) % 2 == 0) for i in range(40) for j in range(40) if i != j]
    found = resolve(left, right, labels=wrong, target_precision=0.999, how="threshold")
    kept_by_label = sum(match for _, _, match in wrong)
    assert len(found.kept) == kept_by_label
    assert any("no threshold reaches" in note for note in found.notes)


def test_a_precision_that_few_labels_cannot_promise_is_said_to_be_unsure():
    left, right = noisy(120)
    few = [(left.ids[i], right.ids[j], i == j) for i in range(6) for j in range(6)]
    found = resolve(left, right, labels=few, target_precision=0.95)
    assert not found.chosen.sure
    assert any("too few to be sure" in note for note in found.notes)
