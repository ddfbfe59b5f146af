"""MATLAB files up to version 7: cells of text, sparse matrices, what is no array."""

import numpy as np
import pytest
from scipy.io import savemat
from scipy.sparse import csc_matrix

from tuwen.datasets.reading.matlab import matlab_shapes, read_matlab
from tuwen.errors import Damaged


def test_arrays_come_as_matlab_shows_them(tmp_path):
    words = np.array(["猫", "dog", ""], dtype=object)[:, None]
    arrays = {"a": np.arange(6).reshape(2, 3), "s": csc_matrix(np.eye(3)), "c": words}
    numbers = np.empty((1, 2), dtype=object)
    numbers[0, 0], numbers[0, 1] = 4, 5
    savemat(tmp_path / "a.mat", arrays | {"n": numbers, "t": ["ab", "cd"], "z": {"field": 1}})
    assert matlab_shapes(tmp_path / "a.mat") == {
        "a": (2, 3),
        "s": (3, 3),
        "c": (3, 1),
        "n": (1, 2),
        "t": (2,),
    }
    read = read_matlab(tmp_path / "a.mat", ["a", "s", "c", "n", "t"])
    np.testing.assert_array_equal(read["a"], arrays["a"])
    np.testing.assert_array_equal(read["s"], np.eye(3))
    assert read["c"].tolist() == ["猫", "dog", ""]
    assert read["n"].tolist() == [4, 5]
    assert read["t"].tolist() == ["ab", "cd"]


def test_only_what_is_asked_for_is_read(tmp_path):
    savemat(tmp_path / "a.mat", {"a": [1], "b": [2]})
    assert set(read_matlab(tmp_path / "a.mat", ["b"])) == {"b"}
    assert set(read_matlab(tmp_path / "a.mat")) == {"a", "b"}


def test_cells_of_matrices_are_refused(tmp_path):
    cells = np.empty(2, dtype=object)
    cells[0], cells[1] = np.ones((2, 2)), np.ones((3, 2))
    savemat(tmp_path / "a.mat", {"c": cells})
    with pytest.raises(Damaged, match="c is a cell array of more than texts or numbers"):
        read_matlab(tmp_path / "a.mat")


def test_a_file_that_breaks_off_is_refused(tmp_path):
    savemat(tmp_path / "a.mat", {"a": np.ones((50, 50))})
    whole = (tmp_path / "a.mat").read_bytes()
    (tmp_path / "b.mat").write_bytes(whole[:1000])
    with pytest.raises(Damaged, match=r"b\.mat is not a readable MATLAB file"):
        read_matlab(tmp_path / "b.mat")
