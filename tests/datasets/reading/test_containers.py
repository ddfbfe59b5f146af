"""Files of arrays of every kind open; what is no such file is refused."""

import numpy as np
import pytest
from scipy.io import savemat

from tuwen.datasets.reading.containers import open_container
from tuwen.errors import Damaged, InputError

IMAGES = np.arange(12.0).reshape(4, 3)


@pytest.mark.parametrize("ending", [".npz", ".npy", ".csv", ".tsv", ".mat", ".h5"])
def test_every_kind_opens(tmp_path, ending):
    file = tmp_path / f"images{ending}"
    match ending:
        case ".npz":
            np.savez(file, images=IMAGES)
        case ".npy":
            np.save(file, IMAGES)
        case ".mat":
            savemat(file, {"images": IMAGES})
        case ".h5":
            with pytest.importorskip("h5py").File(file, "w") as stream:
                stream["images"] = IMAGES
        case _:
            mark = "," if ending == ".csv" else "\t"
            lines = [mark.join(f"images_{column}" for column in range(3))]
            lines += [mark.join(str(value) for value in row) for row in IMAGES]
            file.write_text("\n".join(lines), encoding="utf-8")
    container = open_container(file)
    assert container.shapes == {"images": (4, 3)}
    np.testing.assert_array_equal(container.read(["images"])["images"], IMAGES)


def test_a_folder_holds_arrays_by_file(tmp_path):
    np.save(tmp_path / "images.npy", IMAGES)
    savemat(tmp_path / "texts.mat", {"anything": IMAGES.T})
    savemat(tmp_path / "more.mat", {"labels": [[1, 2]], "names": [[3]]})
    (tmp_path / "image_ids.txt").write_text("一\nb\nc\nd\n", encoding="utf-8")
    (tmp_path / "readme.md").write_text("not read", encoding="utf-8")
    container = open_container(tmp_path)
    shapes = {"images": (4, 3), "texts": (3, 4), "labels": (1, 2), "names": (1, 1), "image_ids": (4,)}
    assert container.shapes == shapes
    assert container.read(["image_ids"])["image_ids"].tolist() == ["一", "b", "c", "d"]
    assert container.matlab


def test_arrays_are_listed_with_their_shapes(tmp_path):
    np.savez(tmp_path / "a.npz", **{f"a{number:02}": np.ones(2) for number in range(25)})
    listing = open_container(tmp_path / "a.npz").listing
    assert listing.startswith("a00 (2,), a01 (2,)")
    assert listing.endswith("and 5 more")


def test_what_cannot_be_read_is_said(tmp_path):
    (tmp_path / "a.txt").write_text("a", encoding="utf-8")
    with pytest.raises(InputError, match=r"these can: \.npz, \.npy"):
        open_container(tmp_path / "a.txt")
    with pytest.raises(InputError, match="is not there"):
        open_container(tmp_path / "b.npz")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"folder without \.npy"):
        open_container(tmp_path / "empty")


@pytest.mark.parametrize("ending", [".npz", ".npy", ".mat", ".h5"])
def test_broken_files_are_refused(tmp_path, ending):
    (tmp_path / f"a{ending}").write_bytes(b"no such file at all")
    with pytest.raises(Damaged, match=f"a{ending}"):
        open_container(tmp_path / f"a{ending}")


def test_a_file_that_breaks_off_is_refused(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", images=np.random.default_rng(0).random((40, 40)))
    whole = bytearray((tmp_path / "a.npz").read_bytes())
    (tmp_path / "short.npz").write_bytes(whole[:-30])
    whole[200:260] = bytes(60)
    (tmp_path / "changed.npz").write_bytes(whole)
    np.save(tmp_path / "a.npy", IMAGES)
    (tmp_path / "a.npy").rename(tmp_path / "single.npz")
    for name, said in (("short", "not an .npz file"), ("changed", "not an .npz"), ("single", "one array")):
        with pytest.raises(Damaged, match=f"{name}.npz is .*{said}"):
            open_container(tmp_path / f"{name}.npz")


def test_pickled_objects_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object))
    np.savez(tmp_path / "a.npz", images=np.array([{"a": 1}], dtype=object))
    for file in ("a.npy", "a.npz"):
        with pytest.raises(Damaged, match="pickled objects, which are not read"):
            open_container(tmp_path / file)
