"""Vectors of listed images and captions."""

from pathlib import Path

import numpy as np
import pytest

from tiny_captions import rows_of, write_vectors
from tuwen.datasets.layouts import Caption, Listed
from tuwen.datasets.vectors import look_up, read_regions
from tuwen.errors import Damaged, InputError
from tuwen.files import read_arrays


def listed(*images, **more):
    captions = tuple(Caption(f"{image}#0", "words", (image,), row) for row, image in enumerate(images, 1))
    return Listed(Path("captions.csv"), images, captions, **more)


def test_images_are_found_by_name_by_another_name_or_by_file(tmp_path):
    write_vectors(tmp_path / "f.npz", ["a", "photos/b.jpg", "1002", "d"])
    images, texts = look_up(tmp_path / "f.npz", listed("d", "c", "b", "a", aliases={"c": ("c.jpg", "1002")}))
    assert images[:, 0].tolist() == [3, 2, 1, 0] and texts is None


def test_an_exact_name_goes_before_the_name_of_a_file(tmp_path):
    write_vectors(tmp_path / "f.npz", ["photos/a.jpg", "a"])
    assert look_up(tmp_path / "f.npz", listed("a"))[0][:, 0].tolist() == [1]


def test_files_of_one_name_in_two_folders_are_not_guessed(tmp_path):
    write_vectors(tmp_path / "f.npz", ["x/a.jpg", "y/a.jpg", "y/b.jpg"])
    assert look_up(tmp_path / "f.npz", listed("b"))[0][:, 0].tolist() == [2]
    with pytest.raises(InputError, match="no features of 1 of the 1 images"):
        look_up(tmp_path / "f.npz", listed("a"))


def test_texts_are_found_by_name(tmp_path):
    write_vectors(tmp_path / "f.npz", ["a", "b"], ["b#0", "x", "a#0"])
    _, texts = look_up(tmp_path / "f.npz", listed("a", "b"))
    assert texts[:, 0].tolist() == [2, 0]


def test_texts_are_found_by_number_when_the_whole_file_was_encoded(tmp_path):
    write_vectors(tmp_path / "f.npz", ["a", "b"], ["1", "2", "3"])
    _, texts = look_up(tmp_path / "f.npz", listed("a", "b", texts_in_file=3))
    assert texts[:, 0].tolist() == [0, 1]
    with pytest.raises(InputError, match=r"no features of 2 of the 2 texts .* a#0, b#0"):
        look_up(tmp_path / "f.npz", listed("a", "b", texts_in_file=4))


def test_texts_of_another_file_are_refused(tmp_path):
    write_vectors(tmp_path / "f.npz", ["a", "b"], ["1", "2"])
    arrays = read_arrays(tmp_path / "f.npz")
    np.savez(tmp_path / "f.npz", **arrays, image_of_text=np.array(["a", "photos/b.jpg"]))
    _, texts = look_up(tmp_path / "f.npz", listed("a", "b", texts_in_file=2))
    assert texts[:, 0].tolist() == [0, 1]
    np.savez(tmp_path / "f.npz", **arrays, image_of_text=np.array(["b", ""]))
    with pytest.raises(InputError, match=r"texts of other images than captions\.csv: 1, first a#0"):
        look_up(tmp_path / "f.npz", listed("a", "b", texts_in_file=2))


def test_eight_bit_features_are_scaled(tmp_path):
    np.savez(
        tmp_path / "f.npz",
        names=np.array(["b", "a"]),
        features=np.array([[0, 255], [3, 4]], dtype=np.uint8),
        scale=np.float32(0.5),
        zero_point=np.int32(3),
    )
    images, _ = look_up(tmp_path / "f.npz", listed("a", "b"))
    assert images.tolist() == [[0.0, 0.5], [-1.5, 126.0]] and images.dtype == np.float32


def test_missing_images_are_counted_and_three_are_named(tmp_path):
    write_vectors(tmp_path / "f.npz", ["a"])
    with pytest.raises(InputError, match=r"4 of the 5 images that captions.csv names: b, c, d, \.\.\.; enc"):
        look_up(tmp_path / "f.npz", listed(*"abcde"))


@pytest.mark.parametrize(
    ("arrays", "error", "reason"),
    [
        ({"x": [1]}, InputError, "no image_ids and image_vectors, only x"),
        (
            {"image_ids": ["a", "a"], "image_vectors": [[1], [2]]},
            Damaged,
            "ids of images that stand twice: 1",
        ),
        ({"image_ids": ["a"], "image_vectors": [[1], [2]]}, Damaged, "1 ids of images but 2 vectors"),
        ({"image_ids": ["a"], "image_vectors": [[np.nan]]}, InputError, "NaN or infinite values in 1 rows"),
        ({"image_ids": ["a"], "image_vectors": [1.0]}, InputError, "has shape"),
    ],
)
def test_bad_files_of_vectors_are_refused(tmp_path, arrays, error, reason):
    np.savez(tmp_path / "f.npz", **arrays)
    with pytest.raises(error, match=reason):
        look_up(tmp_path / "f.npz", listed("a"))


def test_a_file_that_is_no_npz_is_refused(tmp_path):
    (tmp_path / "f.npz").write_bytes(b"no")
    with pytest.raises(Damaged, match=r"not an \.npz"):
        look_up(tmp_path / "f.npz", listed("a"))


def test_regions_are_averaged_or_stay_on_disk(tmp_path):
    stored = np.arange(12, dtype=np.float16).reshape(2, 3, 2)
    np.save(tmp_path / "x.npy", stored)
    mean = read_regions(tmp_path / "x.npy", 2, mean=True)
    assert mean.tolist() == [[2, 3], [8, 9]] and mean.dtype == np.float32
    regions = read_regions(tmp_path / "x.npy", 2, mean=False)
    assert isinstance(regions, np.memmap) and np.array_equal(regions, stored)


def test_more_images_than_a_block_are_averaged(tmp_path):
    stored = np.random.default_rng(0).standard_normal((1030, 2, 3), dtype=np.float32)
    np.save(tmp_path / "x.npy", stored)
    assert np.allclose(read_regions(tmp_path / "x.npy", 1030, mean=True), stored.mean(axis=1), atol=1e-6)


def test_images_that_stand_five_times_are_taken_once(tmp_path):
    np.save(tmp_path / "x.npy", np.repeat(rows_of(3, 1), 5, axis=0))
    assert read_regions(tmp_path / "x.npy", 3, mean=True).tolist() == rows_of(3, 1).tolist()


@pytest.mark.parametrize("rows", [1, 4, 6, 14, 16])
def test_rows_that_are_neither_one_nor_five_an_image_are_refused(tmp_path, rows):
    np.save(tmp_path / "x.npy", rows_of(rows, 1))
    with pytest.raises(Damaged, match="its captions are of 3 images, so it must have 3 rows, or 15"):
        read_regions(tmp_path / "x.npy", 3, mean=True)


def test_five_rows_of_an_image_that_differ_are_refused(tmp_path):
    np.save(tmp_path / "x.npy", rows_of(15, 1))
    with pytest.raises(Damaged, match="rows 0 and 4 differ"):
        read_regions(tmp_path / "x.npy", 3, mean=True)


def test_regions_of_single_vectors_are_refused(tmp_path):
    np.save(tmp_path / "x.npy", rows_of(3, 1))
    with pytest.raises(InputError, match="no regions; use the features regions-mean"):
        read_regions(tmp_path / "x.npy", 3, mean=False)


def test_broken_or_pickled_arrays_are_refused(tmp_path):
    np.save(tmp_path / "x.npy", np.array([{}]), allow_pickle=True)
    np.save(tmp_path / "y.npy", rows_of(300, 1))
    cut = (tmp_path / "y.npy").read_bytes()[:-50]
    (tmp_path / "y.npy").write_bytes(cut)
    (tmp_path / "z.npy").write_bytes(b"")
    for name in ("x.npy", "y.npy", "z.npy"):
        with pytest.raises(Damaged, match=r"not a readable \.npy"):
            read_regions(tmp_path / name, 300, mean=True)


def test_sets_of_parts_keep_their_shape_and_type(tmp_path):
    parts = np.arange(12, dtype=np.float16).reshape(2, 2, 3)
    np.savez(tmp_path / "f.npz", image_ids=["a", "b"], image_vectors=parts)
    images, _ = look_up(tmp_path / "f.npz", listed("b", "a"))
    np.testing.assert_array_equal(images, parts[::-1])
    assert images.dtype == np.float16
    parts[1, 1, 1] = np.nan
    np.savez(tmp_path / "f.npz", image_ids=["a", "b"], image_vectors=parts)
    with pytest.raises(InputError, match="NaN or infinite values, first in row 1"):
        look_up(tmp_path / "f.npz", listed("a", "b"))
