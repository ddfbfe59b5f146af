"""Similarity reasoning and filtration."""

import numpy as np
import pytest
import torch

from tuwen.errors import InputError, UnknownName
from tuwen.methods import sets
from tuwen.methods.pairwise.sgraf import SGRAF

rng = np.random.default_rng(3)
IMAGES = rng.normal(size=(7, 4, 6)).astype(np.float32)
TEXTS = (IMAGES[:, :3] + 0.1 * rng.normal(size=(7, 3, 6))).astype(np.float32)
SMALL = {"dim": 8, "sim_dim": 5, "epochs": 2, "device": "cpu", "validation": 0.0}


@pytest.mark.parametrize("module", ["SGR", "SAF"])
def test_padding_changes_nothing_and_blocks_equal_the_whole(module, monkeypatch):
    method = SGRAF(**SMALL, module=module).fit(IMAGES, TEXTS)
    whole = method.similarity(IMAGES, TEXTS)
    padded = [np.pad(part, ((0, 0), (0, 2), (0, 0))) for part in (IMAGES, TEXTS)]
    np.testing.assert_allclose(method.similarity(*padded), whole, atol=1e-5)
    texts = TEXTS.copy()
    texts[::2, 2] = 0
    mixed = method.similarity(IMAGES, texts)
    monkeypatch.setattr(sets, "_CELLS", 1)
    np.testing.assert_allclose(method.similarity(IMAGES, texts), mixed, atol=1e-5)


@pytest.mark.parametrize("module", ["SGR", "SAF"])
def test_the_score_of_a_pair_is_that_of_its_parts_in_a_loop(module):
    method = SGRAF(**SMALL, module=module).fit(IMAGES, TEXTS)
    net = method.net_

    def linear(name, values):
        return values @ net[name].weight.detach().numpy().T + net[name].bias.detach().numpy()

    with torch.no_grad():
        x, y = (
            method._code(torch.tensor(part[:1]), name) for part, name in ((IMAGES, "image"), (TEXTS, "text"))
        )
        found = float(method._score(x, y))
        attention = sets.attend(y, x, 9.0)[0][0, 0].numpy()
        wholes = (net["whole_image"](x) - net["whole_text"](y))[0].numpy()
    parts, words = x[0].numpy(), y[0].numpy()
    vectors = [linear("agree_whole", wholes**2)]
    for weights, word in zip(attention, words, strict=True):
        seen = weights @ parts
        vectors.append(linear("agree_part", (seen / np.linalg.norm(seen) - word) ** 2))
    e = np.stack([vector / np.linalg.norm(vector) for vector in vectors])
    if module == "SGR":
        for step in range(3):
            heights = np.exp(linear(f"q{step}", e) @ linear(f"k{step}", e).T)
            e = np.maximum(linear(f"next{step}", heights / heights.sum(axis=1, keepdims=True) @ e), 0)
        joined = e[0]
    else:
        weights = 1 / (1 + np.exp(-linear("filter", e)[:, 0]))
        joined = weights @ e
        joined = joined / np.linalg.norm(joined)
    assert found == pytest.approx(1 / (1 + np.exp(-linear("score", joined)[0])), abs=1e-5)


def test_settings_out_of_range_are_refused():
    with pytest.raises(UnknownName, match="no module named 'both'"):
        SGRAF(module="both")
    with pytest.raises(InputError, match="steps is 0"):
        SGRAF(steps=0)
