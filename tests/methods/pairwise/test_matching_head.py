"""The head judges what cosines cannot, its score is that of its parts, and near misses are wrong ones."""

import numpy as np
import pytest
import torch

from tuwen.methods.network import Batch
from tuwen.methods.pairwise.matching_head import MatchingHead


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(0)
    images = rng.normal(size=(60, 6)).astype(np.float32)
    texts = images @ rng.normal(size=(6, 5)).astype(np.float32)
    made = MatchingHead(dim=4, hidden=32, head=16, epochs=30, learning_rate=0.01, dropout=0.0, device="cpu")
    return made.fit(images, texts), images, texts


def test_partners_are_found(fitted):
    method, images, texts = fitted
    scores = method.similarity(images, texts)
    own = (scores > scores.diagonal()[:, None]).sum(axis=1)
    assert np.median(own) <= 2  # of 60


def test_the_score_is_logit_and_cosine(fitted):
    method, images, texts = fitted
    with torch.inference_mode():
        u = method._unit(next(method._batches(images[:3], "image")), "image")
        v = method._unit(next(method._batches(texts[:3], "text")), "text")
        u, v = u.numpy(), v.numpy()
        both = np.concatenate([u * v * 4, np.abs(u - v) * 2], axis=1)
        weights = [value.numpy() for value in method.net_["head"].state_dict().values()]
    hidden = np.maximum(both @ weights[0].T + weights[1], 0)
    expected = (hidden @ weights[2].T + weights[3])[:, 0] + (u * v).sum(axis=1) / method.temperature
    found = method.similarity(images, texts).diagonal()[:3]
    assert found == pytest.approx(expected, abs=1e-4)


def test_blocks_do_not_change_scores(fitted, monkeypatch):
    method, images, texts = fitted
    whole = method.similarity(images, texts)
    monkeypatch.setattr("tuwen.methods.pairwise.matching_head._CELLS", 1)
    assert method.similarity(images[:4], texts) == pytest.approx(whole[:4], abs=1e-4)
    assert method.similarity(images[:0], texts).shape == (0, 60)


def test_another_text_of_the_same_image_is_no_near_miss(fitted, monkeypatch):
    method, images, texts = fitted
    seen = []
    judge = MatchingHead._judge
    monkeypatch.setattr(MatchingHead, "_judge", lambda self, u, v: seen.append((u, v)) or judge(self, u, v))
    x = torch.from_numpy(images[[0, 0, 1]])
    y = torch.from_numpy(texts[[0, 2, 1]])
    method._step(Batch(x, y, torch.zeros(3, 0), torch.arange(3), 0.5))
    (_, own), (_, wrong), _ = seen
    assert torch.equal(wrong[0], own[2])  # the only text of another image
    assert torch.equal(wrong[1], own[2])
