"""What all methods check of their input."""

import numpy as np
import pytest

from tuwen import methods
from tuwen.errors import InputError
from tuwen.methods.base import multi_hot


def test_class_numbers_become_columns():
    np.testing.assert_array_equal(multi_hot([2, 0], 2), [[0, 0, 1], [1, 0, 0]])
    assert multi_hot(None, 3).shape == (3, 0)
    assert multi_hot(np.array([[True, False]]), 1).dtype == np.float32


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
def test_a_multi_hot_matrix_has_numbers_from_zero_on(value):
    with pytest.raises(InputError, match="not all of its values"):
        multi_hot(np.array([[0.0, value]]), 1)


def test_names_of_classes_are_not_taken():
    with pytest.raises(InputError, match="class numbers"):
        multi_hot(np.array(["art", "sport"]), 2)
    with pytest.raises(InputError, match="not all of its values"):
        multi_hot(np.array([["art"], ["sport"]]), 2)


def test_labels_that_name_no_class_teach_nothing():
    rows = np.random.default_rng(0).normal(size=(6, 16))
    with pytest.raises(InputError, match="labels names no class for any of the 6 rows"):
        methods.find("scm_hash")(bits=8).fit(rows, rows, np.zeros((6, 3)))


@pytest.mark.parametrize("name", ["iterations", "anchors", "rows"])
def test_counts_are_at_least_one(name):
    with pytest.raises(InputError, match=f"{name} is 0; it must be at least 1"):
        methods.find("seph")(**{name: 0})
