"""Cross-modality similarity-sensitive hashing."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.hashing import cmssh
from tuwen.methods.hashing.cmssh import CMSSH


def test_the_exponential_loss_never_rises(classes):
    losses = CMSSH(bits=16, pairs=2000).fit(*classes).losses_
    assert losses[0] < 1
    assert (np.diff(losses) <= 1e-12).all()


def test_the_cut_is_the_best_of_all():
    rng = np.random.default_rng(0)
    values, gains = np.round(rng.normal(size=50), 1), rng.normal(size=50)
    cut = cmssh._best_cut(values, gains)
    reached = [(gains * np.where(values > c, 1, -1)).sum() for c in (cut, *np.unique(values)[:-1])]
    assert reached[0] == pytest.approx(max(reached))


def test_the_first_directions_are_the_leading_ones_of_the_weighted_pairs(classes):
    images, texts, labels = classes
    hasher = CMSSH(bits=8, pairs=2000).fit(*classes)
    x, y = ((s - s.mean(axis=0)) / s.std(axis=0) for s in (images, texts))
    rows, columns, like = hasher._drawn(90, np.eye(3)[labels])
    u, _, vt = np.linalg.svd((x[rows] * like[:, None]).T @ y[columns])
    assert abs(u[:, 0] @ hasher.weights_["image"][:, 0]) > 0.999
    assert abs(vt[0] @ hasher.weights_["text"][:, 0]) > 0.999


def test_half_of_the_pairs_are_alike(classes):
    labels = np.eye(3)[classes[2]]
    rows, columns, like = CMSSH(pairs=600)._drawn(90, labels)
    assert (like > 0).sum() == (like < 0).sum() == 300
    np.testing.assert_array_equal((labels[rows] * labels[columns]).sum(axis=1) > 0, like > 0)


def test_without_labels_only_own_pairs_are_alike(classes):
    rows, columns, like = CMSSH(pairs=600)._drawn(90, np.zeros((90, 0)))
    np.testing.assert_array_equal(rows == columns, like > 0)
    images, texts, _ = classes
    scores = CMSSH(bits=8, pairs=2000).fit(images, texts).similarity(images, texts)
    assert np.diag(scores).mean() > scores.mean()


def test_one_class_teaches_nothing(classes):
    with pytest.raises(InputError, match="at least two classes"):
        CMSSH(bits=8).fit(classes[0], classes[1], np.zeros(90, dtype=int))


def test_one_pair_teaches_nothing(classes):
    with pytest.raises(InputError, match="at least 2"):
        CMSSH(bits=8).fit(classes[0][:1], classes[1][:1])
