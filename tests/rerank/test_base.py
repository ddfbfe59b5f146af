"""Scores of two stages on one scale."""

import numpy as np
import pytest

from tuwen.errors import TextError
from tuwen.rerank.base import halved, joined, standard


def test_scores_are_standardised_before_they_are_added():
    first, second = np.array([3.0, 2.0, 1.0]), np.array([-100.0, 0.0, 500.0])
    z = (second - second.mean()) / second.std()
    assert joined(first, second, 0.5) == pytest.approx(np.sqrt(1.5) * np.array([1, 0, -1]) + 0.5 * z)
    assert joined(7 * first - 2, second) == pytest.approx(joined(first, 9 * second))  # of any scale


def test_what_has_no_score_counts_as_the_mean():
    assert standard(np.array([1.0, np.nan, 3.0])).tolist() == [-1, 0, 1]
    assert standard(np.full(3, np.nan)).tolist() == [0, 0, 0]


def test_equal_scores_say_nothing():
    assert standard(np.full(5, 0.1)).tolist() == [0] * 5
    assert standard(np.array([0.3])).tolist() == [0]


def test_what_spoils_the_rest_is_found():
    def make(items, ids):
        if "bad" in items:
            raise TextError("bad", "bad is not there; leave it out")
        return [np.array([len(item)]) for item in items]

    found = halved(make, ["a", "bb", "bad", "cccc"], [""] * 4)
    assert [int(one[0]) if isinstance(one, np.ndarray) else one.code for one in found] == [1, 2, "bad", 4]
