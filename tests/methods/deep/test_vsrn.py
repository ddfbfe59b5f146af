"""Region reasoning."""

import numpy as np
import pytest
import torch

from tuwen.errors import InputError
from tuwen.methods.deep.vsrn import VSRN, Reasoning

rng = np.random.default_rng(5)
IMAGES = rng.normal(size=(8, 4, 6)).astype(np.float32)
TEXTS = rng.normal(size=(8, 3, 6)).astype(np.float32)
SMALL = {"dim": 8, "epochs": 2, "device": "cpu", "validation": 0.0}


def test_a_round_is_that_of_the_paper():
    torch.manual_seed(0)
    reason = Reasoning(5)
    parts, there = torch.randn(1, 4, 5), torch.tensor([[True, True, True, False]])
    parts = parts * there[..., None]
    torch.testing.assert_close(reason(parts, there), parts)  # it begins as nothing
    torch.nn.init.normal_(reason.back.weight)
    found = reason(parts, there)[0].detach().numpy()

    def linear(layer, values):
        return values @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()

    v = parts[0, :3].numpy()
    affinity = linear(reason.asked, v) @ linear(reason.known, v).T / 3
    wanted = v + linear(reason.back, affinity @ linear(reason.told, v))
    np.testing.assert_allclose(found[:3], wanted, atol=1e-5)
    assert not found[3].any()


def test_padding_changes_nothing_and_the_order_of_regions_counts():
    method = VSRN(**SMALL).fit(IMAGES, TEXTS)
    plain = method.transform(IMAGES, "image")
    padded = np.pad(IMAGES, ((0, 0), (1, 2), (0, 0)))
    np.testing.assert_allclose(method.transform(padded, "image"), plain, atol=1e-5)
    padded = np.pad(TEXTS, ((0, 0), (0, 3), (0, 0)))
    np.testing.assert_allclose(method.transform(padded, "text"), method.transform(TEXTS, "text"), atol=1e-5)
    assert np.abs(method.transform(IMAGES[:, ::-1], "image") - plain).max() > 1e-3


def test_an_empty_set_is_a_row_of_zeros():
    method = VSRN(**SMALL).fit(IMAGES, TEXTS)
    assert not method.transform(IMAGES[:1] * 0, "image").any()
    assert not method.transform(TEXTS[:1] * 0, "text").any()


def test_rounds_below_zero_are_refused():
    with pytest.raises(InputError, match="steps is -1"):
        VSRN(steps=-1)
