"""Labels in the forms that files have."""

import numpy as np
import pytest

from tuwen.datasets.reading.labels import tidy_labels
from tuwen.errors import InputError


@pytest.mark.parametrize(
    ("given", "numbers", "classes"),
    [
        (np.array([1, 2, 3, 1]), [1, 2, 3, 1], ()),
        (np.array([[1.0], [2.0]]), [1, 2], ()),
        (np.array([[3, 0]], dtype=np.uint8), [3, 0], ()),
        (np.array(["dog", "猫", "dog"]), [0, 1, 0], ("dog", "猫")),
        (np.array(["10", "2"]), [10, 2], ()),
        (np.array(["--1", "2"]), [0, 1], ("--1", "2")),
        (np.eye(3)[[2, 0, 1]], [2, 0, 1], ()),
        (np.array([[True, False], [False, True]]), [0, 1], ()),
        (np.array([[-1, 1], [1, -1]]), [1, 0], ()),
    ],
)
def test_one_class_a_row_becomes_a_number(given, numbers, classes):
    (tidy,), found = tidy_labels([given], "a file")
    assert tidy.tolist() == numbers
    assert tidy.dtype == np.int64
    assert found == classes


def test_several_classes_stay_rows():
    (tidy,), _ = tidy_labels([np.array([[1, 1, 0], [0, 1, 1]])], "a file")
    assert (tidy.tolist(), tidy.dtype) == ([[1, 1, 0], [0, 1, 1]], np.uint8)


def test_names_are_counted_over_all_parts():
    (train, test), classes = tidy_labels([np.array(["b", "c"]), np.array(["a", "c"])], "a file")
    assert classes == ("a", "b", "c")
    assert (train.tolist(), test.tolist()) == ([1, 2], [0, 2])


def test_names_of_classes_are_kept():
    (tidy,), classes = tidy_labels([np.array([1, 0])], "a file", ("cat", "dog"))
    assert (tidy.tolist(), classes) == ([1, 0], ("cat", "dog"))
    with pytest.raises(InputError, match="run from 1 to 2, but classes names 2"):
        tidy_labels([np.array([1, 2])], "a file", ("cat", "dog"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([np.array([1, np.nan])], r"1 rows have no class, first row 1"),
        ([np.array([1.5, 2])], "whole numbers; row 0 is 1.5"),
        ([np.array(["a", ""])], "1 rows have no class, first row 1"),
        ([np.array([[1, 0], [0, 0]])], "1 rows have no class, first row 1"),
        ([np.array([[1, 0, 0], [0, 0, 1]])], "no row is of class 1"),
        ([np.array([[0.2, 0.8], [0.5, 0.5]])], "values other than 0 and 1"),
        ([np.ones((2, 2, 2))], r"shape \(2, 2, 2\)"),
        ([np.array([["a", "b"], ["c", "d"]])], "a table of texts"),
        ([np.array([1 + 2j, 3])], "neither numbers nor text"),
        ([np.array([1, 2]), np.eye(2)], r"shapes \(2,\), \(2, 2\); they must be of one form"),
        ([np.ones((2, 2)), np.ones((2, 3))], "must be of one form"),
    ],
)
def test_what_are_no_labels_is_said(given, said):
    with pytest.raises(InputError, match=said):
        tidy_labels(given, "a file")
