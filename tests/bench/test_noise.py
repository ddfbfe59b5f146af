"""Wrong labels, on purpose."""

import numpy as np
import pytest

from tuwen.bench.noise import wrong_labels
from tuwen.datasets import paired
from tuwen.errors import InputError


@pytest.fixture
def pairs():
    """A hundred pairs of four classes."""
    labels = np.array(["art", "film", "music", "sport"])[np.arange(100) % 4]
    return paired(np.ones((100, 2)), np.ones((100, 2)), labels)


def test_just_the_share_is_changed_and_each_to_another_class(pairs):
    noisy = wrong_labels(pairs, 0.4, seed=1)
    assert (noisy.labels != pairs.labels).sum() == 40
    assert set(noisy.labels) == set(pairs.labels)
    assert noisy.images is pairs.images


def test_the_seed_decides_which(pairs):
    first = wrong_labels(pairs, 0.4, seed=1).labels
    np.testing.assert_array_equal(wrong_labels(pairs, 0.4, seed=1).labels, first)
    assert (wrong_labels(pairs, 0.4, seed=2).labels != first).any()


def test_no_noise_changes_nothing(pairs):
    assert wrong_labels(pairs, 0.0, seed=1) is pairs


@pytest.mark.parametrize(
    ("share", "labels", "message"),
    [
        (1.0, np.zeros(3, int), "noise is 1.0; it is a share"),
        (0.2, None, "no labels"),
        (0.2, np.eye(3), "several labels an image"),
        (0.2, np.zeros(3, int), "one class only"),
    ],
)
def test_what_cannot_be_made_wrong_is_refused(share, labels, message):
    with pytest.raises(InputError, match=message):
        wrong_labels(paired(np.ones((3, 2)), np.ones((3, 2)), labels), share, seed=0)
