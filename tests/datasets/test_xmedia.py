"""PKU XMedia in the layout of XMediaFeatures.mat."""

import numpy as np
import pytest
from scipy.io import savemat

from tuwen.datasets import load
from tuwen.datasets.xmedia import XMedia
from tuwen.errors import Damaged


@pytest.fixture
def arrays(monkeypatch):
    """Ten training pairs and six of test."""
    monkeypatch.setattr(XMedia, "scored", 3)
    rng = np.random.default_rng(0)
    made = {"A_tr": rng.random((4, 2))}
    for part, count in (("tr", 10), ("te", 6)):
        made |= {f"I_{part}": rng.random((count, 4)), f"T_{part}": rng.random((count, 3))}
        made |= {f"I_{part}_CNN": rng.random((count, 8)), f"T_{part}_BOW": rng.random((count, 6))}
        made |= {f"{part}ImgCat": np.arange(count) % 5 + 1, f"{part}TxtCat": np.arange(count) % 5 + 1}
    return made


@pytest.fixture
def folder(tmp_path, arrays):
    """The file."""
    place = tmp_path / "xmedia"
    place.mkdir()
    savemat(place / "XMediaFeatures.mat", arrays)
    return place


def test_the_first_half_of_the_test_part_is_scored(folder, arrays):
    found = load("xmedia", data_root=folder.parent)
    assert (found.split, found.features) == ("4000/500/500", "cnn+bow")
    np.testing.assert_array_equal(found.test.images, arrays["I_te_CNN"][:3])
    np.testing.assert_array_equal(found.val.texts, arrays["T_te_BOW"][3:])
    assert found.train.labels.tolist() == [0, 1, 2, 3, 4] * 2


def test_other_splits_and_features(folder):
    found = load("xmedia", "official", "bovw+lda", data_root=folder.parent)
    assert (found.train.images.shape, found.test.texts.shape, found.val) == ((10, 4), (6, 3), None)
    drawn = load("xmedia", "80/20", data_root=folder.parent, seed=1)
    assert (len(drawn.train.image_ids), len(drawn.test.image_ids)) == (13, 3)


def test_pairs_of_two_classes_are_refused(folder, arrays):
    savemat(folder / "XMediaFeatures.mat", arrays | {"teTxtCat": np.arange(6)[::-1] % 5 + 1})
    with pytest.raises(Damaged, match="test part are of different classes"):
        load("xmedia", data_root=folder.parent)


def test_a_file_without_the_arrays_is_refused(folder, arrays):
    savemat(folder / "XMediaFeatures.mat", {"I_tr": arrays["I_tr"]})
    with pytest.raises(Damaged, match=r"has no I_tr_CNN and no T_tr_BOW .*only I_tr \(10, 4\)"):
        load("xmedia", data_root=folder.parent)
