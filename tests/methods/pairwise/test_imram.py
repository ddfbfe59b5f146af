"""Iterative matching with recurrent attention memory."""

import numpy as np
import pytest
import torch

from tuwen.methods import sets
from tuwen.methods.pairwise.imram import IMRAM
from tuwen.methods.pairwise.scan import SCAN

rng = np.random.default_rng(4)
IMAGES = rng.normal(size=(7, 4, 6)).astype(np.float32)
TEXTS = (IMAGES[:, :3] + 0.1 * rng.normal(size=(7, 3, 6))).astype(np.float32)
SMALL = {"dim": 8, "epochs": 2, "device": "cpu", "validation": 0.0}


def test_one_round_is_scan_in_both_directions():
    x, y = sets.unit(torch.randn(3, 4, 8)), sets.unit(torch.randn(5, 3, 8))
    wanted = sum(SCAN(direction=direction)._score(x, y) for direction in ("t2i", "i2t"))
    torch.testing.assert_close(IMRAM(steps=1)._score(x, y), wanted, atol=1e-5, rtol=1e-4)


def test_the_second_round_asks_with_what_the_gate_lets_through():
    method = IMRAM(**SMALL, steps=2).fit(IMAGES, TEXTS)
    words, regions = sets.unit(torch.randn(1, 3, 8)), sets.unit(torch.randn(1, 4, 8))
    with torch.no_grad():
        found = float(method._rounds(words, regions, "text"))
        asked, total = words[0], 0.0
        for _ in range(2):
            seen = method._seen(asked[None, None], regions)[0, 0]
            total += float(torch.cosine_similarity(asked, seen).mean())
            both = torch.cat([asked, seen], dim=1)
            gate = torch.sigmoid(method.net_["gate_text"](both))
            asked = sets.unit(gate * asked + (1 - gate) * torch.tanh(method.net_["new_text"](both)))
    assert found == pytest.approx(total, abs=1e-5)


def test_padding_changes_nothing_and_blocks_equal_the_whole(monkeypatch):
    method = IMRAM(**SMALL).fit(IMAGES, TEXTS)
    whole = method.similarity(IMAGES, TEXTS)
    padded = [np.pad(part, ((0, 0), (0, 2), (0, 0))) for part in (IMAGES, TEXTS)]
    np.testing.assert_allclose(method.similarity(*padded), whole, atol=1e-5)
    monkeypatch.setattr(sets, "_CELLS", 1)
    np.testing.assert_allclose(method.similarity(IMAGES, TEXTS), whole, atol=1e-5)
