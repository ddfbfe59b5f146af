"""MIRFLICKR-25K in the layouts that codes of hashing papers read."""

import numpy as np
import pytest
from scipy.io import savemat

from tuwen.datasets import load
from tuwen.datasets.mirflickr25k import MirFlickr25k
from tuwen.errors import InputError

LABELS = np.arange(24).reshape(12, 2) % 3 > 0


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Twelve pairs in three layouts."""
    monkeypatch.setattr(MirFlickr25k, "queries", 3)
    monkeypatch.setattr(MirFlickr25k, "training", {"dcmh": 5, "dcmh-5000": 4, "seph": 4})
    place = tmp_path / "mirflickr25k"
    place.mkdir()
    images, texts = np.arange(12.0)[:, None] * np.ones(4), np.eye(12, 6)
    savemat(place / "mirflickr25k-iall-vgg.mat", {"XAll": images})
    savemat(place / "mirflickr25k-yall.mat", {"YAll": texts})
    savemat(place / "mirflickr25k-lall.mat", {"LAll": LABELS})
    parts = {"I_tr": images[:8], "T_tr": texts[:8], "L_tr": LABELS[:8]}
    parts |= {"I_te": images[8:], "T_te": texts[8:], "L_te": LABELS[8:]}
    savemat(place / "MIRFLICKR.mat", parts)
    return place


def test_the_first_rows_ask_as_in_dcmh(folder):
    found = load("mirflickr25k", data_root=folder.parent)
    assert (found.split, found.features) == ("dcmh", "vgg19+tags")
    assert found.test.images[:, 0].tolist() == [0, 1, 2]
    assert found.train.images[:, 0].tolist() == [3, 4, 5, 6, 7]
    assert len(found.database.image_ids) == 9
    np.testing.assert_array_equal(found.test.labels, LABELS[:3])
    assert len(load("mirflickr25k", "dcmh-5000", data_root=folder.parent).train.image_ids) == 4


def test_the_last_rows_ask_as_in_ucch(folder):
    found = load("mirflickr25k", "ucch", data_root=folder.parent)
    assert found.test.images[:, 0].tolist() == [9, 10, 11]
    assert len(found.train.image_ids) == 9


def test_pixels_are_left_to_be_encoded(folder):
    pixels = np.zeros((12, 2, 2, 3), dtype=np.uint8)
    savemat(folder / "FLICKR-25K.mat", {"images": pixels, "YAll": np.eye(12, 6), "LAll": LABELS})
    found = load("mirflickr25k", "dcmh", "dcmh", data_root=folder.parent)
    assert found.test.images is None
    assert found.test.texts.shape == (3, 6)
    assert any("images have no features" in note for note in found.notes)
    with pytest.raises(InputError, match="the images have no features yet"):
        _ = found.test.features


def test_features_under_the_name_of_pixels_are_read(folder):
    savemat(folder / "FLICKR-25K.mat", {"images": np.ones((12, 7)), "YAll": np.eye(12, 6), "LAll": LABELS})
    assert load("mirflickr25k", "dcmh", "dcmh", data_root=folder.parent).database.images.shape == (9, 7)


def test_the_parts_of_seph(folder):
    found = load("mirflickr25k", "seph", data_root=folder.parent, seed=1)
    assert found.test.images[:, 0].tolist() == [8, 9, 10, 11]
    assert found.database.images[:, 0].tolist() == list(range(8))
    assert len(found.train.image_ids) == 4
    assert set(found.train.image_ids) < set(found.database.image_ids)
    again = load("mirflickr25k", "seph", data_root=folder.parent, seed=2)
    assert found.train.image_ids != again.train.image_ids


@pytest.mark.parametrize("features", ["seph", "vgg19+tags"])
def test_queries_may_be_drawn(folder, features):
    found = load("mirflickr25k", "2000-drawn", features, data_root=folder.parent, seed=3)
    assert len(found.test.image_ids) == 3
    assert sorted([*found.test.images[:, 0], *found.database.images[:, 0]]) == list(range(12))
    assert found.train is found.database
    assert any("drawn by seed 3" in note for note in found.notes)
