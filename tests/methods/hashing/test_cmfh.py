"""Collective matrix factorization hashing."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.hashing.cmfh import CMFH


def test_the_objective_never_rises(classes):
    objective = np.array(CMFH(bits=8).fit(*classes).objective_)
    assert (np.diff(objective) <= 1e-9 * objective[:-1]).all()
    assert objective[-1] < objective[0]


def test_fused_values_minimise_the_objective_of_their_pair(classes):
    """By closed form: the gradient over V vanishes."""
    images, texts, _ = classes
    hasher = CMFH(bits=8).fit(*classes)
    x, y = hasher._centred(images, "image"), hasher._centred(texts, "text")
    v = hasher._fuse(images, texts)
    near = v.astype(np.float64)
    bases = [np.linalg.solve(near.T @ near + 0.02 * np.eye(8), near.T @ s) for s in (x, y)]
    gradient = hasher.ridge * v
    for side, base, name in zip((x, y), bases, ("image", "text"), strict=True):
        gradient = gradient + 0.5 * (v @ base - side) @ base.T + 100 * (v - side @ hasher.weights_[name])
    assert np.abs(gradient).max() < 0.02 * np.abs(100 * v).max()


@pytest.mark.parametrize(
    ("bits", "modality", "fused"),
    [
        (16, (0.216, 0.205), (0.208, 0.484)),
        (32, (0.232, 0.227), (0.233, 0.523)),
        (64, (0.245, 0.238), (0.243, 0.531)),
    ],
)
def test_wikipedia_gives_the_published_values(scored, bits, modality, fused):
    found = scored(CMFH(bits=bits))
    np.testing.assert_allclose(found["modality"], modality, atol=0.01)
    np.testing.assert_allclose(found["fused"], fused, atol=0.01)


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_both_modalities_have_a_weight(classes, weight):
    with pytest.raises(InputError, match=f"weight is {weight}"):
        CMFH(bits=8, weight=weight).fit(*classes)


@pytest.mark.parametrize(
    ("bits", "modality", "fused"),
    [
        (16, (0.2158, 0.2051), (0.2078, 0.4835)),
        (32, (0.2316, 0.2272), (0.2233, 0.5109)),
        (64, (0.2453, 0.2376), (0.2348, 0.5274)),
    ],
)
def test_wikipedia_gives_the_values_of_the_released_code(scored, bits, modality, fused):
    found = scored(CMFH(bits=bits, variant="released", iterations=25))
    np.testing.assert_allclose(found["modality"], modality, atol=0.01)
    # of 64 bits, texts among fused codes range from 0.522 to 0.544 over three seeds
    np.testing.assert_allclose(found["fused"], fused, atol=0.01 if bits < 64 else 0.02)


def test_an_unknown_variant_is_refused():
    with pytest.raises(InputError, match="variant is 'mine'"):
        CMFH(variant="mine")
