"""Several vectors an item."""

import numpy as np
import pytest
import torch

from tuwen.errors import InputError
from tuwen.methods import sets
from tuwen.methods.pairwise.pvse import PVSE, alike, discrepancy

rng = np.random.default_rng(6)
IMAGES = rng.normal(size=(7, 4, 6)).astype(np.float32)
TEXTS = (IMAGES[:, :3] + 0.1 * rng.normal(size=(7, 3, 6))).astype(np.float32)
SMALL = {"dim": 8, "embeddings": 3, "epochs": 2, "device": "cpu", "validation": 0.0}


def test_a_pair_scores_as_its_closest_vectors():
    method = PVSE(**SMALL).fit(IMAGES, TEXTS)
    with torch.no_grad():
        x, y = (method._code(torch.tensor(part), name) for part, name in ((IMAGES, "image"), (TEXTS, "text")))
    assert x.shape == y.shape == (7, 3, 8)
    np.testing.assert_allclose(np.linalg.norm(x, axis=-1), 1, atol=1e-5)
    found = method._score(x, y).numpy()
    for n in range(7):
        for m in range(7):
            assert found[n, m] == pytest.approx(float((x[n] @ y[m].T).max()), abs=1e-5)


def test_padding_changes_nothing_and_blocks_equal_the_whole(monkeypatch):
    method = PVSE(**SMALL).fit(IMAGES, TEXTS)
    whole = method.similarity(IMAGES, TEXTS)
    padded = [np.pad(part, ((0, 0), (0, 2), (0, 0))) for part in (IMAGES, TEXTS)]
    np.testing.assert_allclose(method.similarity(*padded), whole, atol=1e-5)
    monkeypatch.setattr(sets, "_CELLS", 1)
    np.testing.assert_allclose(method.similarity(IMAGES, TEXTS), whole, atol=1e-5)


def test_heads_that_find_the_same_are_alike():
    upright = torch.eye(3)[None] * torch.tensor([1.0, 5.0, 0.2])[:, None]
    assert float(alike(upright)) == pytest.approx(0, abs=1e-6)
    assert float(alike(torch.ones(4, 3, 2))) == pytest.approx(np.sqrt(6) / 9, abs=1e-5)


def test_the_distance_of_wholes_is_that_of_the_kernel():
    u, v = rng.normal(size=(4, 3)), rng.normal(size=(5, 3)) + 1

    def kernel(one, other):
        return np.mean([[np.exp(-0.5 * ((a - b) ** 2).sum()) for b in other] for a in one])

    wanted = kernel(u, u) + kernel(v, v) - 2 * kernel(u, v)
    assert float(discrepancy(torch.tensor(u), torch.tensor(v))) == pytest.approx(wanted, abs=1e-9)
    assert float(discrepancy(torch.tensor(u), torch.tensor(u))) == pytest.approx(0, abs=1e-9)


def test_all_terms_reach_the_loss():
    data = [torch.tensor(IMAGES), torch.tensor(TEXTS), torch.zeros(7, 0)]
    losses = []
    for weights in ({"diversity": 0.0, "mmd": 0.0}, {"mmd": 0.0}, {}):
        method = PVSE(**SMALL | {"epochs": 1, "learning_rate": 0.0} | weights).fit(IMAGES, TEXTS)
        method._image_of_text = np.arange(7)
        losses.append(method._step(method._batch(data, torch.arange(7), 1.0)).item())
    assert losses[0] < losses[1] < losses[2]


def test_no_vector_at_all_is_refused():
    with pytest.raises(InputError, match="embeddings is 0"):
        PVSE(embeddings=0)
