"""Rows, checks and top-k."""

import numpy as np
import pytest

from tuwen.arrays import check_matrix, top_k, unit_rows
from tuwen.errors import InputError


def test_unit_rows_have_length_one_and_zero_stays_zero():
    rows = unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]]))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0]], rtol=1e-6)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(unit_rows(np.array([3.0, 4.0])), [0.6, 0.8], rtol=1e-6)


def test_large_finite_values_pass_the_check():
    assert check_matrix("x", np.full((1, 4), 3e38)).shape == (1, 4)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_the_first_bad_row_is_named(bad):
    values = np.zeros((3, 2))
    values[1, 1] = bad
    with pytest.raises(InputError, match="in 1 rows, first in row 1"):
        check_matrix("x", values)


def test_wrong_shapes_are_named():
    with pytest.raises(InputError, match="has shape"):
        check_matrix("x", np.zeros(3))
    with pytest.raises(InputError, match="3 columns; 2"):
        check_matrix("x", np.zeros((1, 3)), width=2)


def test_top_k_keeps_the_lower_column_of_equals():
    columns, scores = top_k(np.array([[1.0, 2.0, 2.0, 2.0], [4.0, 3.0, 2.0, 1.0]]), 2)
    assert columns.tolist() == [[1, 2], [0, 1]]
    assert scores.tolist() == [[2, 2], [4, 3]]


def test_top_k_of_few_columns_gives_them_all():
    assert top_k(np.zeros((2, 3)), 9)[0].shape == (2, 3)
    assert top_k(np.zeros((2, 0)), 3)[0].shape == (2, 0)


@pytest.mark.parametrize("size", [1e-40, 1e-25, 1e25, 3e38])
def test_rows_whose_squares_float32_cannot_hold_are_scaled_too(size):
    rows = unit_rows(np.array([[size, size], [1.0, 0.0], [0.0, 0.0]], dtype=np.float32))
    np.testing.assert_allclose(rows, [[2**-0.5] * 2, [1, 0], [0, 0]], rtol=1e-3)


def test_what_is_no_matrix_of_numbers_is_said():
    with pytest.raises(InputError, match="no matrix of numbers"):
        check_matrix("x", [["a"]])
