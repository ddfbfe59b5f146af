"""AGCH's joined likeness and its graph."""

import numpy as np
import pytest
import torch

from tuwen import methods
from tuwen.errors import InputError

AGCH = methods.find("agch")


def test_likeness_joins_direction_and_distance_of_both_modalities():
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(5, width)).astype(np.float32) for width in (4, 3))
    units = [part / np.linalg.norm(part, axis=1, keepdims=True) for part in (x, y)]
    joined = np.concatenate([0.25 * units[0], 0.75 * units[1]], axis=1)
    joined /= np.linalg.norm(joined, axis=1, keepdims=True)
    apart = np.linalg.norm(joined[:, None] - joined[None], axis=2)
    expected = 2 * joined @ joined.T * np.exp(-np.sqrt(apart) / 4) - 1
    given = AGCH(weight=0.25)._likeness(torch.from_numpy(x), torch.from_numpy(y)).numpy()
    off = ~np.eye(5, dtype=bool)  # rounding of a distance of 0 has a large root
    np.testing.assert_allclose(given[off], expected[off], atol=1e-5)
    np.testing.assert_allclose(np.diag(given), 1, atol=0.02)


def test_the_graph_gives_pairs_that_are_each_others_neighbours_one_code():
    method = AGCH(bits=8, hidden=16)
    torch.manual_seed(0)
    method.net_ = torch.nn.ModuleDict(method._heads(0))
    joint = torch.block_diag(torch.ones(2, 2), torch.ones(2, 2)) * 2 - 1
    smooth = method._smoothed(torch.randn(4, 8), joint)
    torch.testing.assert_close(smooth[0], smooth[1])
    assert not torch.allclose(smooth[0], smooth[2], atol=1e-3)


def test_codes_of_a_class_are_nearer_without_labels(classes):
    images, texts, labels = classes
    method = AGCH(
        bits=16, hidden=16, batch_size=30, epochs=20, learning_rate=0.01, validation=0.0, device="cpu"
    )
    scores = method.fit(images, texts).similarity(images, texts)
    same = labels[:, None] == labels
    assert scores[same].mean() > scores[~same].mean() + 4


@pytest.mark.parametrize(("name", "value"), [("weight", 1.5), ("spread", 0.0)])
def test_shares_and_spreads_are_checked(name, value):
    with pytest.raises(InputError, match=f"{name} is {value}"):
        AGCH(**{name: value})
