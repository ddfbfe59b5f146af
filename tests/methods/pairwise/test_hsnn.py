"""Heterogeneous similarity by nearest neighbours."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.pairwise.hsnn import HSNN


def test_votes_are_shares_by_the_plainest_code(classes):
    images, _texts, labels = classes
    method = HSNN(neighbours=5).fit(*classes)
    x = (images - images.mean(axis=0)) / images.std(axis=0)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    cosines = x @ x.T
    cosines = (cosines - cosines.mean(axis=0)) / cosines.std(axis=0)
    for row in (0, 40):
        near = np.argsort(-cosines[row])[:5]
        shares = np.bincount(labels[near], weights=cosines[row][near], minlength=3)
        np.testing.assert_allclose(
            method._votes(images[row : row + 1], "image")[0], shares / shares.sum(), atol=1e-3
        )


def test_too_few_neighbours_are_refused():
    with pytest.raises(InputError, match="neighbours is 1"):
        HSNN(neighbours=1)


def test_wikipedia_gives_the_measured_values(scored):
    np.testing.assert_allclose(scored(HSNN()), (0.310, 0.242), atol=0.005)
    np.testing.assert_allclose(scored(HSNN(released=True)), (0.3095, 0.2415), atol=0.002)
