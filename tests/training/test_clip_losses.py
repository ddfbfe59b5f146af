"""The losses of dual encoders, against numpy."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tuwen.training import clip_losses  # noqa: E402


def rows(seed, count=5):
    values = np.random.default_rng(seed).normal(size=(count, 3))
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def tensors(*arrays):
    return [torch.from_numpy(array).float() for array in arrays]


def softmax(values):
    values = np.exp(values - values.max(axis=1, keepdims=True))
    return values / values.sum(axis=1, keepdims=True)


def test_infonce_is_the_mean_cross_entropy_of_both_ways():
    u, v = rows(0), rows(1)
    scores = np.exp(1.5) * u @ v.T
    expected = -np.mean([np.log(np.diag(softmax(way))).mean() for way in (scores, scores.T)])
    own = torch.eye(5, dtype=torch.bool)
    found = clip_losses.infonce(*tensors(u, v), torch.tensor(1.5), own)
    assert float(found) == pytest.approx(expected, abs=1e-6)


def test_captions_of_one_picture_are_no_negatives_of_each_other():
    same = clip_losses.same_item(torch.tensor([0, 0, 1]), torch.tensor([0, 1, 2]))
    assert same.tolist() == [[True, True, False], [True, True, False], [False, False, True]]
    u, v = rows(0, 3), rows(1, 3)
    u[1] = u[0]
    scores = np.exp(1.0) * u @ v.T
    scores[0, 1] = scores[1, 0] = -np.inf
    expected = -np.mean([np.log(np.diag(softmax(way))).mean() for way in (scores, scores.T)])
    found = clip_losses.infonce(*tensors(u, v), torch.tensor(1.0), same)
    assert float(found) == pytest.approx(expected, abs=1e-6)


def test_the_sigmoid_loss_is_siglips():
    u, v = rows(2), rows(3)
    logits = np.exp(1.0) * u @ v.T - 2
    signs = 2 * np.eye(5) - 1
    expected = -np.log(1 / (1 + np.exp(-signs * logits))).sum() / 5
    own = torch.eye(5, dtype=torch.bool)
    found = clip_losses.sigmoid(*tensors(u, v), torch.tensor(1.0), torch.tensor(-2.0), own)
    assert float(found) == pytest.approx(expected, abs=1e-5)


def test_what_is_to_be_kept_is_the_place_of_the_vectors():
    u, v, u0, v0 = rows(0), rows(1), rows(2), rows(3)
    expected = 10 * np.mean([1 - (u * u0).sum(axis=1).mean(), 1 - (v * v0).sum(axis=1).mean()])
    start = tuple(tensors(u0, v0))
    assert float(clip_losses.kept(*tensors(u, v), start)) == pytest.approx(expected, abs=1e-5)
    assert float(clip_losses.kept(*start, start)) == pytest.approx(0, abs=1e-5)
