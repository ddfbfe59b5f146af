"""Gabor energies of gratings: the right scale, the right direction, nothing for plain brightness."""

import numpy as np
import pytest

pytest.importorskip("skimage")

from tuwen.encoders.gabor import Gabor


def grating(degrees, cycles, side=128):
    rows, columns = np.mgrid[:side, :side]
    angle = np.deg2rad(degrees)
    wave = np.sin(2 * np.pi * cycles * (columns * np.cos(angle) - rows * np.sin(angle)))
    return np.repeat(np.round(128 + 100 * wave)[..., None], 3, axis=2).astype(np.uint8)


@pytest.fixture(scope="module")
def gabor():
    return Gabor()


def means(row):
    """(scales, orientations)."""
    return row.reshape(4, 6, 2)[..., 0]


def test_the_usual_width(gabor):
    assert gabor.width == 48


@pytest.mark.parametrize("scale", range(4))
@pytest.mark.parametrize("direction", range(6))
def test_a_grating_answers_most_in_its_own_filter(gabor, scale, direction):
    found = means(gabor.describe(grating(30 * direction, 0.25 / 2**scale)))
    assert np.unravel_index(found.argmax(), found.shape) == (scale, direction)


def test_a_matching_grating_gives_half_its_amplitude(gabor):
    # a real wave has its amplitude in two opposite lobes, of which a filter passes one
    found = means(gabor.describe(grating(0, 0.125)))
    assert found[1, 0] == pytest.approx(100 / 255 / 2, rel=0.1)


@pytest.mark.parametrize("tone", [0, 128, 255])
def test_plain_brightness_gives_nothing(gabor, tone):
    np.testing.assert_allclose(gabor.describe(np.full((128, 128, 3), tone, dtype=np.uint8)), 0, atol=1e-5)


def test_even_texture_deviates_less_than_a_patch_of_it(gabor):
    whole = grating(0, 0.25)
    patch = np.full_like(whole, 128)
    patch[:64, :64] = whole[:64, :64]
    rows = [gabor.describe(pixels).reshape(4, 6, 2)[0, 0] for pixels in (whole, patch)]
    assert rows[0][1] / rows[0][0] < 0.2 < rows[1][1] / rows[1][0]
