"""Precision against recall by rank."""

import itertools

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.metrics import Guessing, Precision, Recall, by_labels, measure, precision_recall


def test_each_point_is_precision_and_recall_at_that_rank():
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 9, (6, 50))
    relevant = by_labels(np.arange(6) % 4, np.arange(50) % 3)
    curve = precision_recall(scores, relevant, points=20)
    assert curve.places[0] == 1
    assert curve.places[-1] == 50
    for place, precision, recall in zip(curve.places, curve.precision, curve.recall, strict=True):
        found = measure(scores, relevant, [Precision(int(place)), Recall(int(place))])
        assert (precision, recall) == (pytest.approx(found[0].mean), pytest.approx(found[1].mean))
    assert curve.recall[-1] == pytest.approx(1)


def test_expected_is_the_mean_over_all_orders():
    scores, true = np.array([2, 1, 1, 1, 0]), np.array([False, True, False, True, True])
    found = [
        np.cumsum(true[list(order)])
        for order in itertools.permutations(range(5))
        if (np.diff(scores[list(order)]) <= 0).all()
    ]
    curve = precision_recall(scores[None], true[None], points=5)
    np.testing.assert_allclose(curve.recall, np.mean(found, axis=0)[curve.places - 1] / 3)


def test_areas_of_perfect_and_of_guessed_rankings():
    labels = np.arange(40) % 4
    assert (
        precision_recall((labels[:, None] == labels) * 1.0, by_labels(labels, labels)).area > 0.99 * 1 * 0.9
    )
    assert precision_recall(Guessing(40, 40), by_labels(labels, labels)).area == pytest.approx(0.25)


def test_queries_without_a_true_item_are_left_out():
    curve = precision_recall(np.eye(3), by_labels([0, 1, 9], [0, 1, 2]), points=3)
    assert np.isnan(curve.precisions[2]).all()
    assert curve.precision[0] == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: precision_recall(np.eye(2), np.eye(2), points=1), "points is 1"),
        (lambda: precision_recall(np.empty((2, 0)), np.empty((2, 0))), "no items"),
        (lambda: precision_recall(np.eye(2), np.zeros((2, 2))), "no query has a true item"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call()
