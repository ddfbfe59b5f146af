"""Stacked cross attention."""

import numpy as np
import pytest
import torch

from tuwen.errors import UnknownName
from tuwen.methods import sets
from tuwen.methods.pairwise.scan import SCAN, relevances

rng = np.random.default_rng(1)
IMAGES = rng.normal(size=(9, 4, 6)).astype(np.float32)
TEXTS = (IMAGES[:, :3] + 0.1 * rng.normal(size=(9, 3, 6))).astype(np.float32)
SMALL = {"dim": 8, "epochs": 2, "device": "cpu", "validation": 0.0}


def test_relevance_is_the_cosine_with_the_mean_that_is_attended_to():
    words, regions = sets.unit(torch.randn(2, 3, 6)), sets.unit(torch.randn(4, 5, 6))
    found, _ = relevances(words, regions, 9.0)
    attention, _ = sets.attend(words, regions, 9.0)
    for n in range(4):
        for m in range(2):
            seen = attention[n, m].numpy() @ regions[n].numpy()
            wanted = [w @ s / np.linalg.norm(s) for w, s in zip(words[m].numpy(), seen, strict=True)]
            np.testing.assert_allclose(found[n, m], wanted, atol=1e-5)


@pytest.mark.parametrize("direction", ["t2i", "i2t"])
@pytest.mark.parametrize("aggregate", ["AVG", "LSE"])
def test_padding_changes_nothing(direction, aggregate):
    method = SCAN(**SMALL, direction=direction, aggregate=aggregate).fit(IMAGES, TEXTS)
    padded = [np.pad(part, ((0, 0), (0, 2), (0, 0))) for part in (IMAGES, TEXTS)]
    np.testing.assert_allclose(method.similarity(*padded), method.similarity(IMAGES, TEXTS), atol=1e-5)


def test_an_image_without_parts_and_a_text_without_words_score_zero():
    method = SCAN(**SMALL).fit(IMAGES, TEXTS)
    scores = method.similarity(
        np.concatenate([IMAGES, IMAGES[:1] * 0]), np.concatenate([TEXTS, TEXTS[:1] * 0])
    )
    assert np.isfinite(scores).all()
    assert not scores[-1].any()
    assert not scores[:, -1].any()


@pytest.mark.parametrize("direction", ["t2i", "i2t"])
def test_blocks_equal_the_whole(direction, monkeypatch):
    method = SCAN(**SMALL, direction=direction).fit(IMAGES, TEXTS)
    texts = TEXTS.copy()
    texts[::2, 2] = 0  # of two lengths
    whole = method.similarity(IMAGES, texts)
    monkeypatch.setattr(sets, "_CELLS", 200)
    monkeypatch.setattr(sets, "_IMAGES", 2)
    np.testing.assert_allclose(method.similarity(IMAGES, texts), whole, atol=1e-6)
    np.testing.assert_allclose(method.similarity(IMAGES[3:5], texts[7:8]), whole[3:5, 7:8], atol=1e-6)


def test_lse_is_near_the_highest_and_avg_the_mean():
    values, there = torch.tensor([[[0.9, 0.1, 5.0]]]), torch.tensor([[True, True, False]])
    assert float(SCAN(aggregate="AVG")._joined(values, there)) == pytest.approx(0.5)
    wanted = np.log(np.exp(6 * 0.9) + np.exp(6 * 0.1)) / 6
    assert float(SCAN(aggregate="LSE")._joined(values, there)) == pytest.approx(wanted, abs=1e-6)


def test_an_unknown_direction_or_aggregate_is_named():
    with pytest.raises(UnknownName, match="no direction named 'both'"):
        SCAN(direction="both")
    with pytest.raises(UnknownName, match="no aggregate named 'MAX'"):
        SCAN(aggregate="MAX")
