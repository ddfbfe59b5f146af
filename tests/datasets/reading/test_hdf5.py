"""HDF5 as Python writes it and as MATLAB 7.3 writes it."""

import sys

import numpy as np
import pytest

from tuwen.datasets.reading.containers import open_container
from tuwen.datasets.reading.hdf5 import hdf5_shapes, read_hdf5
from tuwen.errors import Damaged, MissingExtra

h5py = pytest.importorskip("h5py")


@pytest.fixture
def matlab(tmp_path):
    """A file as `save -v7.3` writes it: a header, columns first, cells that point elsewhere."""
    path = tmp_path / "a.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        plain = file.create_dataset("images", data=np.arange(6.0).reshape(2, 3).T)
        plain.attrs["MATLAB_class"] = np.bytes_("double")
        kept = file.create_group("#refs#")
        cells = file.create_dataset("names", (1, 2), dtype=h5py.ref_dtype)
        for place, word in enumerate(("猫", "dog")):
            text = kept.create_dataset(
                f"r{place}", data=np.array([[ord(sign)] for sign in word], dtype=np.uint16)
            )
            text.attrs["MATLAB_class"] = np.bytes_("char")
            cells[0, place] = text.ref
        cells.attrs["MATLAB_class"] = np.bytes_("cell")
        word = file.create_dataset("word", data=np.array([[ord(sign)] for sign in "abc"], dtype=np.uint16))
        word.attrs["MATLAB_class"] = np.bytes_("char")
        sparse = file.create_group("labels")
        sparse.attrs["MATLAB_sparse"] = np.uint64(2)
        sparse.attrs["MATLAB_class"] = np.bytes_("logical")
        sparse["ir"], sparse["jc"], sparse["data"] = [1, 0], [0, 1, 1, 2], np.array([1, 1], dtype=np.uint8)
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64")
    return path


def test_what_matlab_wrote_is_turned(matlab):
    assert hdf5_shapes(matlab) == {"images": (2, 3), "names": (2, 1), "word": (1, 3), "labels": (2, 3)}
    read = read_hdf5(matlab, ["images", "names", "word", "labels"])
    np.testing.assert_array_equal(read["images"], np.arange(6.0).reshape(2, 3))
    assert read["names"].tolist() == ["猫", "dog"]
    assert read["word"].tolist() == ["abc"]
    np.testing.assert_array_equal(read["labels"], [[0, 0, 1], [1, 0, 0]])


@pytest.mark.parametrize(("sizes", "kept"), [((1, 1), [0, 1]), ((1, 2), None)])
def test_cells_of_numbers(matlab, sizes, kept):
    with h5py.File(matlab, "r+") as file:
        cells = file.create_dataset("classes", (1, 2), dtype=h5py.ref_dtype)
        for place, size in enumerate(sizes):
            number = file["#refs#"].create_dataset(f"n{place}", data=np.full((size, 1), float(place)))
            number.attrs["MATLAB_class"] = np.bytes_("double")
            cells[0, place] = number.ref
        cells.attrs["MATLAB_class"] = np.bytes_("cell")
    if kept is not None:
        assert read_hdf5(matlab, ["classes"])["classes"].tolist() == kept
        return
    with pytest.raises(Damaged, match="classes is a cell array of more than texts or numbers"):
        read_hdf5(matlab, ["classes"])


def test_strings_of_matlab_are_refused(matlab):
    with h5py.File(matlab, "r+") as file:
        file["names2"] = np.ones((1, 6), dtype=np.uint32)
        file["names2"].attrs["MATLAB_class"] = np.bytes_("string")
    with pytest.raises(Damaged, match="names2 is a string of MATLAB; save it as"):
        read_hdf5(matlab, ["names2"])


def test_its_header_is_known(matlab):
    container = open_container(matlab)
    assert container.matlab
    assert container.shapes["images"] == (2, 3)


def test_groups_and_text_of_python(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["train/images"] = np.ones((2, 3))
        file["ids"] = ["一", "two"]
    assert hdf5_shapes(tmp_path / "a.h5") == {"train/images": (2, 3), "ids": (2,)}
    assert read_hdf5(tmp_path / "a.h5", ["ids"])["ids"].tolist() == ["一", "two"]


def test_bytes_that_are_no_text_are_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("ids", data=[b"\xff\xfe"], dtype=h5py.string_dtype())
    with pytest.raises(Damaged, match="ids holds neither numbers nor text"):
        read_hdf5(tmp_path / "a.h5", ["ids"])


def test_without_h5py_the_extra_is_named(tmp_path, monkeypatch):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["images"] = np.ones(3)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingExtra, match=r"pip install 'tuwen\[bench\]'"):
        hdf5_shapes(tmp_path / "a.h5")
