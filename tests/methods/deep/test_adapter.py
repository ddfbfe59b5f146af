"""A network beside CCA."""

import numpy as np
import pytest
import torch

from tuwen.errors import InputError
from tuwen.methods.deep.adapter import Adapter, _equal
from tuwen.methods.layers import contrast
from tuwen.methods.subspace.cca import CCA

SMALL = {"dim": 3, "hidden": 16, "device": "cpu", "validation": 0.0}


@pytest.fixture(scope="module")
def sides():
    rng = np.random.default_rng(0)
    common = rng.normal(size=(80, 4))
    return [
        (common @ rng.normal(size=(4, width)) + 0.3 * rng.normal(size=(80, width))).astype(np.float32)
        for width in (9, 7)
    ]


def test_before_it_learned_it_is_cca(sides):
    adapter = Adapter(**SMALL, epochs=1, learning_rate=0.0, weight_decay=0.0, ridge=0.1, power=1.0).fit(
        *sides
    )
    linear = CCA(dim=3, ridge=0.1, power=1.0).fit(*sides)
    np.testing.assert_allclose(adapter.similarity(*sides), linear.similarity(*sides), atol=1e-5)


def test_the_linear_map_stays_as_it_was(sides):
    still, moved = (Adapter(**SMALL, epochs=3, learning_rate=rate).fit(*sides) for rate in (0.0, 1e-2))
    for name in ("image", "text"):
        assert torch.equal(still.net_[name].frozen.weight, moved.net_[name].frozen.weight)
        assert moved.net_[name].added[-1].weight.abs().max() > 0
    assert moved.curve_["loss"][-1] < still.curve_["loss"][-1]


def test_more_directions_than_rank_are_refused(sides):
    with pytest.raises(InputError, match="dim"):
        Adapter(**SMALL | {"dim": 8}).fit(*sides)


def test_equal_rows_are_no_wrong_partners():
    rows = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    assert _equal(rows).tolist() == [[True, False, True], [False, True, False], [True, False, True]]
    own, other = np.exp(1 / 0.5), np.exp(0)
    apart = [own + other, 2 * other, own + other], [other, 2 * other, other]
    for same, wrong in zip((None, _equal(rows)), apart, strict=True):
        found = float(contrast(rows, rows, 0.5, same))
        assert found == pytest.approx(np.mean([-np.log(own / (own + one)) for one in wrong]), rel=1e-5)
