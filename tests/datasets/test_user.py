"""A user's own file, cut into parts."""

import numpy as np
import pytest

from tuwen.datasets import load
from tuwen.datasets.user import load_file
from tuwen.errors import InputError, UnknownName

RNG = np.random.default_rng(0)
IMAGES, TEXTS, LABELS = RNG.random((20, 4)), RNG.random((20, 3)), np.arange(20) % 4


@pytest.fixture
def file(tmp_path):
    """A file of pairs."""
    np.savez(tmp_path / "a.npz", images=IMAGES, texts=TEXTS, labels=LABELS)
    return str(tmp_path / "a.npz")


def sizes(found):
    """Images of train, val and test."""
    return [0 if part is None else len(part.image_ids) for part in (found.train, found.val, found.test)]


@pytest.mark.parametrize(
    ("split", "expected"),
    [("", [16, 0, 4]), ("70/30", [14, 0, 6]), ("60/20/20", [12, 4, 4]), ("80/20-stratified", [16, 0, 4])],
)
def test_shares_are_drawn_by_the_seed(file, split, expected):
    found = load_file(file, split, seed=3)
    assert sizes(found) == expected
    assert found.split == (split or "80/20")
    assert "cut by seed 3" in found.notes
    assert load_file(file, split, seed=3).test.image_ids == found.test.image_ids


def test_no_part_may_be_empty(file):
    with pytest.raises(InputError, match="split '0/100' leaves a part empty"):
        load_file(file, "0/100")


def test_each_class_has_its_share(file):
    found = load_file(file, "80/20-stratified")
    assert np.bincount(found.test.labels).tolist() == [1, 1, 1, 1]


def test_a_file_that_is_cut_stays_so(tmp_path):
    part = {"I": IMAGES, "T": TEXTS, "L": LABELS}
    arrays = {f"{name}_{word}": values[:5] for name, values in part.items() for word in ("tr", "val", "te")}
    np.savez(tmp_path / "a.npz", **arrays)
    assert sizes(load(str(tmp_path / "a.npz"))) == [5, 5, 5]
    again = load(str(tmp_path / "a.npz"), "80/20")
    assert sizes(again) == [12, 0, 3]
    assert load(str(tmp_path / "a.npz")).split == "file"


def test_without_a_training_part_the_database_is_learned_from(tmp_path):
    np.savez(
        tmp_path / "a.npz",
        I_db=IMAGES,
        T_db=TEXTS,
        L_db=LABELS,
        I_te=IMAGES[:4],
        T_te=TEXTS[:4],
        L_te=LABELS[:4],
    )
    found = load(str(tmp_path / "a.npz"))
    assert sizes(found) == [20, 0, 4]
    assert found.database is found.train
    assert "the database is taken" in found.notes[0]


def test_images_of_two_parts_are_noted(tmp_path):
    ids = np.array([f"p{row}" for row in range(4)])
    arrays = {"I_tr": IMAGES[:4], "T_tr": TEXTS[:4], "image_ids_tr": ids}
    arrays |= {"I_te": IMAGES[:2], "T_te": TEXTS[:2], "image_ids_te": ids[2:]}
    np.savez(tmp_path / "a.npz", **arrays)
    assert load(str(tmp_path / "a.npz")).notes == (
        "2 images of a.npz stand in train and in test, such as p2",
    )


@pytest.mark.parametrize(
    "labels", [np.array(["a", "b", "b", "c"]), np.eye(3)[[0, 1, 1, 2]] + np.eye(3)[[0, 0, 1, 2]] > 0]
)
def test_classes_that_cannot_be_learned_are_noted(tmp_path, labels):
    split = np.array(["train", "train", "test", "test"])
    np.savez(tmp_path / "a.npz", images=IMAGES[:4], texts=TEXTS[:4], labels=labels, split=split)
    first = "c" if labels.ndim == 1 else "2"
    assert load(str(tmp_path / "a.npz")).notes == (
        f"1 classes of a.npz are scored but have no pair to learn from, such as {first}",
    )


def test_what_cannot_be_cut_is_said(file, tmp_path):
    with pytest.raises(UnknownName, match="no split of a file named '80/30'"):
        load_file(file, "80/30")
    with pytest.raises(InputError, match="does not say which pairs to learn from"):
        load_file(file, "file")
    with pytest.raises(InputError, match="one set; leave it out"):
        load_file(file, "", "clip")
    np.savez(tmp_path / "b.npz", I_tr=IMAGES, T_tr=TEXTS)
    with pytest.raises(
        InputError, match=r"b\.npz has train, but parts to learn from and to score are needed"
    ):
        load_file(str(tmp_path / "b.npz"))
    np.savez(tmp_path / "c.npz", I_tr=IMAGES, T_tr=TEXTS, I_te=IMAGES[:, :2], T_te=TEXTS)
    with pytest.raises(InputError, match=r"images of the parts of c\.npz are 4 and 2 wide"):
        load_file(str(tmp_path / "c.npz"))
    np.savez(tmp_path / "d.npz", images=IMAGES[:1], texts=TEXTS[:1])
    with pytest.raises(InputError, match="two are needed"):
        load_file(str(tmp_path / "d.npz"))


def test_a_name_that_is_neither_is_refused(file):
    with pytest.raises(UnknownName, match="did you mean 'wikipedia'"):
        load("wikipeda")
    with pytest.raises(InputError, match=r"nothing\.npz is not there"):
        load("nothing.npz")
