"""IAPR TC-12 in two layouts of hashing codes."""

import numpy as np
import pytest
from scipy.io import savemat

from tuwen.datasets import load
from tuwen.datasets.iapr_tc12 import IaprTc12

IMAGES = np.arange(10.0)[:, None] * np.ones(4)
TEXTS, LABELS = np.eye(10, 5), np.arange(20).reshape(10, 2) % 3 > 0


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Ten pairs, three of them queries."""
    monkeypatch.setattr(IaprTc12, "queries", 3)
    monkeypatch.setattr(IaprTc12, "training", 4)
    place = tmp_path / "iapr_tc12"
    place.mkdir()
    one, other = slice(0, 8), slice(8, 10)
    first = {"VDatabase": IMAGES[one], "YDatabase": TEXTS[one], "databaseL": LABELS[one]}
    second = {"VTest": IMAGES[other], "YTest": TEXTS[other], "testL": LABELS[other]}
    savemat(place / "iapr-tc12-rand.mat", first | second)
    parts = {"I_tr": IMAGES[one, :2], "T_tr": TEXTS[one], "L_tr": LABELS[one]}
    parts |= {"I_te": IMAGES[other, :2], "T_te": TEXTS[other], "L_te": LABELS[other]}
    savemat(place / "IAPRTC-12.mat", parts)
    return place


def test_the_last_rows_ask(folder):
    found = load("iapr_tc12", data_root=folder.parent)
    assert (found.split, found.features) == ("ucch", "vgg+tags")
    np.testing.assert_array_equal(found.test.images, IMAGES[7:])
    np.testing.assert_array_equal(found.train.labels, LABELS[:7])
    assert found.database.texts.shape == (7, 5)


def test_fewer_rows_may_be_learned_from(folder):
    found = load("iapr_tc12", "10000", data_root=folder.parent)
    np.testing.assert_array_equal(found.train.images, IMAGES[:4])
    assert len(found.database.image_ids) == 7


def test_queries_may_be_drawn(folder):
    found = load("iapr_tc12", "2000-drawn", "gist+tags", data_root=folder.parent, seed=5)
    assert found.test.images.shape == (3, 2)
    assert sorted([*found.test.images[:, 0], *found.train.images[:, 0]]) == list(range(10))
