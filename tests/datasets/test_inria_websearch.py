"""INRIA-Websearch in the layout of INRIA-Websearch.mat."""

import numpy as np
import pytest
from scipy.io import savemat

from tuwen.datasets import load


@pytest.fixture
def folder(tmp_path):
    """Pairs in three parts."""
    place = tmp_path / "inria_websearch"
    place.mkdir()
    arrays = {}
    for part, count in (("tr", 9), ("val", 2), ("te", 4)):
        arrays |= {f"{part}_img": np.full((count, 4), count), f"{part}_txt": np.ones((count, 3))}
        arrays[f"{part}_img_lab"] = np.arange(count)[:, None] % 2
    savemat(place / "INRIA-Websearch.mat", arrays)
    return place


def test_parts_are_those_of_the_file(folder):
    found = load("inria_websearch", data_root=folder.parent)
    assert [part.images[0, 0] for part in (found.train, found.val, found.test)] == [9, 2, 4]
    assert found.test.labels.tolist() == [0, 1, 0, 1]


def test_a_drawn_split_is_of_all_parts(folder):
    found = load("inria_websearch", "80/20", data_root=folder.parent)
    assert (len(found.train.image_ids), len(found.test.image_ids)) == (12, 3)
    assert found.val is None
