"""LBP: patterns of known pictures, turns, cells."""

import numpy as np
import pytest

pytest.importorskip("skimage")

from tuwen.encoders.lbp import Lbp


def noise(seed=0, side=64):
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side), dtype=np.uint8)
    return np.repeat(pixels[..., None], 3, axis=2)


def test_the_usual_widths():
    assert Lbp().width == 10 + 18 + 26
    assert Lbp(radii="1", turn=False).width == 59
    assert Lbp(radii="2", turn=False).width == 243
    assert Lbp(radii="1-2", grid=3).width == 9 * 28


def test_the_shares_of_each_radius_sum_to_one():
    assert Lbp(grid=2).describe(noise()).sum() == pytest.approx(3, abs=1e-5)


def test_a_flat_picture_has_one_pattern_inside():
    # all eight neighbours are as light as the centre; beyond the border it is dark
    row = Lbp(radii="1").describe(np.full((34, 34, 3), 80, dtype=np.uint8))
    assert row[8] == pytest.approx(32 * 32 / 34**2, abs=1e-6)


def test_brightness_does_not_matter():
    dark = noise() // 2
    # between pixels, rounding decides where neighbours are equal
    np.testing.assert_allclose(Lbp().describe(dark), Lbp().describe(dark + 100), atol=0.02)


def test_a_quarter_turn_matters_only_without_turn():
    stripes = np.zeros((64, 64, 3), dtype=np.uint8)
    stripes[:, np.arange(64) // 4 % 2 == 0] = 200
    turned = np.ascontiguousarray(stripes.transpose(1, 0, 2))
    same = Lbp(radii="1")
    np.testing.assert_allclose(same.describe(stripes), same.describe(turned), atol=0.04)
    other = Lbp(radii="1", turn=False)
    assert np.abs(other.describe(stripes) - other.describe(turned)).max() > 0.1


def test_textures_are_told_apart():
    encoder = Lbp()
    smooth = np.repeat(np.repeat(noise(1, 8), 8, axis=0), 8, axis=1)
    rows = [encoder.describe(pixels) for pixels in (noise(0), noise(2), smooth)]
    rough, other, coarse = (row / np.linalg.norm(row) for row in rows)
    assert rough @ other > 0.99 > rough @ coarse
