"""How alike the values of columns are."""

import numpy as np
import pytest

from tiny_sides import side
from tuwen.resolve.base import Candidates
from tuwen.resolve.comparing import compared, shared_columns


def every(n, m):
    return Candidates.of(np.repeat(np.arange(n), m), np.tile(np.arange(m), n), (n, m))


def test_equal_words_are_one_whatever_their_case_and_width():
    found = compared(["Canon EOS 5D"], ["canon eos-5d", "Nikon"], every(1, 2))
    assert found[0] == pytest.approx(1, abs=1e-6)
    assert found[1] < 0.2


def test_words_with_a_slip_are_nearer_than_others():
    found = compared(["photograph"], ["photografh", "telephone"], every(1, 2))
    assert 1 > found[0] > found[1]


def test_one_chinese_character_can_be_compared():
    assert compared(["猫"], ["猫", "狗"], every(1, 2)) == pytest.approx([1, 0], abs=1e-6)


def test_numbers_are_compared_by_their_difference():
    assert compared([10, 0], [8, 0], every(2, 2)) == pytest.approx([0.8, 0, 0, 1])


def test_truth_values_are_no_numbers():
    same, other = compared([True], [True, False], every(1, 2))
    assert same == pytest.approx(1, abs=1e-6)
    assert other < 0.1


def test_nothing_is_known_of_a_missing_value():
    found = compared(["x", None], [None, "x"], every(2, 2))
    assert np.isnan(found).tolist() == [True, False, True, True]


def test_shared_columns_are_those_of_both_and_the_label_once():
    left = side(np.eye(2), columns={"a": [1, 2], "b": [1, 2], "class": ["x", "y"]}, labels=["x", "y"])
    right = side(np.eye(2), columns={"b": [1, 2], "a": [1, 2]}, labels=["x", "y"])
    assert shared_columns(left, right) == ("a", "b", "label")
    assert shared_columns(left, right, without=["a", "label"]) == ("b",)
    assert shared_columns(left, left) == ("a", "b", "class")


def test_a_column_that_is_the_text_itself_is_not_compared_twice():
    texts = side(np.eye(2), contents=["x", "y"], columns={"name": ["x", "y"], "year": [1, 2]})
    assert shared_columns(texts, texts) == ("year",)
    pictures = side(np.eye(2), kind="image", columns={"name": ["x", "y"]})
    assert shared_columns(pictures, texts) == ("name",)
