"""Saliency-guided attention."""

import numpy as np
import pytest
import torch

from tuwen.methods import sets
from tuwen.methods.pairwise.san import SAN

rng = np.random.default_rng(7)
IMAGES = rng.normal(size=(7, 4, 6)).astype(np.float32)
TEXTS = (IMAGES[:, :3] + 0.1 * rng.normal(size=(7, 3, 6))).astype(np.float32)
SMALL = {"dim": 8, "epochs": 2, "device": "cpu", "validation": 0.0}


def softmax(heights):
    values = np.exp(heights - heights.max())
    return values / values.sum()


def test_the_score_of_a_pair_is_that_of_its_parts_in_a_loop():
    method = SAN(**SMALL).fit(IMAGES, TEXTS)
    net = method.net_

    def linear(name, values):
        layer = net[name]
        bias = 0 if layer.bias is None else layer.bias.detach().numpy()
        return values @ layer.weight.detach().numpy().T + bias

    image, text = (
        method._scaled(torch.tensor(part[:1]), name) for part, name in ((IMAGES, "image"), (TEXTS, "text"))
    )
    with torch.no_grad():
        found = float(method._score(method._code(image, "image"), method._code(text, "text")))
        x, y = sets.unit(net["image"](image))[0].numpy(), sets.unit(net["text"](text))[0].numpy()
    m, n = x.mean(axis=0), y.mean(axis=0)
    stands = softmax(linear("stands_weight", np.tanh(linear("stands", x)))[:, 0])
    goes = softmax(linear("region_weight", np.tanh(linear("region", x)) * np.tanh(linear("whole", m)))[:, 0])
    v = linear("salient", (stands * goes) @ x / (stands * goes).sum()) + m
    v = v / np.linalg.norm(v)
    gate = 1 / (1 + np.exp(-linear("gate_image", v) - linear("gate_text", n)))
    guide = np.tanh(linear("guide", gate * v + (1 - gate) * n))
    t = softmax(linear("word_weight", np.tanh(linear("word", y)) * guide)[:, 0]) @ y + n
    assert found == pytest.approx(v @ t / np.linalg.norm(t), abs=1e-5)


def test_padding_the_order_of_regions_and_blocks_change_nothing(monkeypatch):
    method = SAN(**SMALL).fit(IMAGES, TEXTS)
    whole = method.similarity(IMAGES, TEXTS)
    padded = [np.pad(part, ((0, 0), (0, 2), (0, 0))) for part in (IMAGES[:, ::-1], TEXTS)]
    np.testing.assert_allclose(method.similarity(*padded), whole, atol=1e-5)
    texts = TEXTS.copy()
    texts[::2, 2] = 0
    mixed = method.similarity(IMAGES, texts)
    monkeypatch.setattr(sets, "_CELLS", 1)
    np.testing.assert_allclose(method.similarity(IMAGES, texts), mixed, atol=1e-5)


def test_a_text_is_another_for_every_image():
    method = SAN(**SMALL, learning_rate=0.01).fit(IMAGES, TEXTS)
    with torch.no_grad():
        x, y = (method._code(torch.tensor(part), name) for part, name in ((IMAGES, "image"), (TEXTS, "text")))
        own = sets.unit(sets.mean_over(y.transpose(1, 2), sets.present(y)[:, None]))
        assert (method._score(x, y) - x[:, 0] @ own.T).abs().max() > 1e-3
