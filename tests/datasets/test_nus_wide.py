"""NUS-WIDE in the layouts that codes of papers read."""

import numpy as np
import pytest
from scipy.io import savemat
from scipy.sparse import csc_matrix

from tuwen.datasets import load
from tuwen.datasets.nus_wide import NusWide


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Twelve pairs with tags, of tc21 and tc10."""
    monkeypatch.setattr(NusWide, "queries", 3)
    monkeypatch.setattr(NusWide, "training", 5)
    place = tmp_path / "nus_wide"
    place.mkdir()
    for name in ("tc21", "tc10"):
        savemat(place / f"nus-wide-{name}-xall-vgg.mat", {"XAll": np.arange(12.0)[:, None] * np.ones(4)})
        tags = csc_matrix(np.eye(12, 6))
        savemat(place / f"nus-wide-{name}-yall.mat", {"YAll": tags})
        savemat(place / f"nus-wide-{name}-lall.mat", {"LAll": (np.arange(24).reshape(12, 2) % 3 > 0)})
    return place


def test_the_first_rows_ask(folder):
    found = load("nus_wide", "tc21", data_root=folder.parent)
    assert found.features == "vgg19+tags"
    assert found.test.images[:, 0].tolist() == [0, 1, 2]
    assert found.database.images[:, 0].tolist() == list(range(3, 12))
    assert found.train.images[:, 0].tolist() == list(range(3, 8))
    assert found.test.labels.tolist() == [[0, 1], [1, 0], [1, 1]]
    assert found.test.texts.shape == (3, 6)  # sparse in the file
    assert any("order of the files" in note for note in found.notes)


def test_the_last_rows_ask_in_the_other(folder):
    found = load("nus_wide", "tc10", data_root=folder.parent)
    assert found.test.images[:, 0].tolist() == [9, 10, 11]
    assert found.train.images[:, 0].tolist() == list(range(9))


def test_ten_thousand_pairs_have_one_class_each(folder):
    h5py = pytest.importorskip("h5py")
    with h5py.File(folder / "nus_wide_deep_doc2vec-corr-ae.h5py", "w") as file:
        for part, count in (("train", 8), ("valid", 2), ("test", 3)):
            file[f"{part}_imgs_deep"] = np.full((count, 4), count)
            file[f"{part}_texts"] = np.ones((count, 3))
            file[f"{part}_imgs_labels"] = np.arange(count) % 3 + 1
    found = load("nus_wide", data_root=folder.parent)
    assert (found.split, found.features) == ("10k", "vgg19+doc2vec")
    assert [part.images[0, 0] for part in (found.train, found.val, found.test)] == [8, 2, 3]
    assert found.val.labels.tolist() == [0, 1]
    assert "8 / 2 / 3 / 0, published are 8000 / 1000 / 1000 / 0" in found.notes[-1]
