"""Pascal Sentences in the layout that the code of DSCMR comes with."""

import numpy as np
import pytest
from scipy.io import savemat

from tuwen.datasets import load
from tuwen.errors import Unavailable

SIZES = {"train": 8, "val": 2, "test": 3}


@pytest.fixture
def folder(tmp_path):
    """Files of matrices, one array each."""
    place = tmp_path / "pascal_sentences"
    place.mkdir()
    rng = np.random.default_rng(0)
    for part, count in SIZES.items():
        arrays = {"img": rng.random((count, 5)), "txt": rng.random((count, 3))}
        arrays["img_lab"] = (np.arange(count) % 4 + 1)[:, None]
        for kind, values in arrays.items():
            savemat(place / f"{part}_{kind}.mat", {f"{part}_{kind}": values})
    return place


def test_parts_are_the_files(folder):
    found = load("pascal_sentences", data_root=folder.parent)
    assert [part.images.shape for part in (found.train, found.val, found.test)] == [(8, 5), (2, 5), (3, 5)]
    assert found.train.labels.tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    assert found.test.labels.tolist() == [0, 1, 2]
    assert found.notes == (
        "train / val / test / database are 8 / 2 / 3 / 0, published are 800 / 100 / 100 / 0",
    )


def test_the_published_files_have_no_validation_part(folder):
    for file in folder.glob("val_*"):
        file.unlink()
    found = load("pascal_sentences", data_root=folder.parent)
    assert found.val is None
    assert any("no validation part" in note for note in found.notes)


def test_a_drawn_split_is_of_all_parts(folder):
    found = load("pascal_sentences", "80/20", data_root=folder.parent)
    assert len(found.train.image_ids) + len(found.test.image_ids) == 13
    assert not set(found.train.image_ids) & set(found.test.image_ids)


def test_the_file_that_public_copies_lack_is_named(folder):
    (folder / "train_img.mat").unlink()
    with pytest.raises(Unavailable, match=r"needs train_img.mat.*public copies lack"):
        load("pascal_sentences", data_root=folder.parent)
