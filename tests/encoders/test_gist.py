"""GIST against what is known in closed form: gratings, contrast, the grid, the sum of the filters."""

import numpy as np
import pytest
from PIL import Image

from tuwen.encoders.gist import Gist, gabor_bank, prefilter


def grating(degrees, *, cycles=0.15, side=256, contrast=1.0, base=128.0):
    """Waves that run at an angle, counterclockwise from the right, (side, side, 3) uint8."""
    rows, columns = np.mgrid[:side, :side]
    angle = np.deg2rad(degrees)
    wave = np.sin(2 * np.pi * cycles * (columns * np.cos(angle) - rows * np.sin(angle)))
    return np.repeat(np.round(base + 100 * contrast * wave)[..., None], 3, axis=2).astype(np.uint8)


@pytest.fixture(scope="module")
def gist():
    return Gist()


def energies(row):
    """(scales, directions, cells)."""
    return row.reshape(4, 8, 16)


@pytest.mark.parametrize("direction", range(8))
def test_a_grating_answers_most_in_its_own_direction(gist, direction):
    found = energies(gist.describe(grating(22.5 * direction)))
    assert (found[1].argmax(axis=0) == direction).all()


@pytest.mark.parametrize(("scale", "cycles"), [(0, 0.3), (1, 0.162), (2, 0.088), (3, 0.047)])
def test_a_grating_answers_most_at_its_own_scale(gist, scale, cycles):
    found = energies(gist.describe(grating(0, cycles=cycles)))
    assert found[:, 0].mean(axis=1).argmax() == scale


def test_brightness_and_contrast_do_not_matter(gist):
    random = np.random.default_rng(0)
    coarse = random.integers(0, 101, (32, 32, 1), dtype=np.uint8)
    pixels = np.kron(coarse, np.ones((8, 8, 3), dtype=np.uint8))
    plain = gist.describe(pixels)
    np.testing.assert_allclose(gist.describe(pixels * 2 + 50), plain, rtol=1e-4, atol=1e-5)


def test_the_prefilter_evens_out_local_contrast():
    random = np.random.default_rng(0)
    weak_and_strong = 128 + random.normal(size=(128, 128)) * np.where(np.arange(128) < 64, 10, 40)
    even = prefilter(weak_and_strong.clip(0, 255).astype(np.float32))
    ratio = even[:, 80:].std() / even[:, :48].std()
    assert ratio < 2.5  # was 4


def test_the_prefilter_of_a_plain_picture_is_zero():
    np.testing.assert_allclose(prefilter(np.full((64, 64), 99.0, dtype=np.float32)), 0, atol=1e-4)


def test_structure_answers_in_the_cell_it_stands_in(gist):
    pixels = np.full((256, 256, 3), 128, dtype=np.uint8)
    pixels[64:128, 128:192] = grating(0)[64:128, 128:192]
    found = energies(gist.describe(pixels))[1, 0]
    assert found.argmax() == 1 * 4 + 2  # second row, third column


def test_a_mirrored_picture_has_mirrored_cells_and_directions(gist):
    random = np.random.default_rng(0)
    noise = Image.fromarray(random.integers(0, 256, (40, 40), dtype=np.uint8)).resize((256, 256))
    pixels = np.repeat(np.asarray(noise)[..., None], 3, axis=2)
    found = energies(gist.describe(pixels)).reshape(4, 8, 4, 4)
    mirrored = energies(gist.describe(pixels[:, ::-1])).reshape(4, 8, 4, 4)[..., ::-1]
    # direction a becomes 180 - a; the prefilter's margins are not quite symmetric
    mirrored = mirrored[:, [0, 7, 6, 5, 4, 3, 2, 1]]
    assert np.corrcoef(found.ravel(), mirrored.ravel())[0, 1] > 0.999


def test_filters_of_a_scale_are_turns_of_one_another_and_never_negative():
    bank = gabor_bank(63, (4, 4))
    assert bank.shape == (8, 63, 63)
    assert bank.min() >= 0
    assert bank.max() <= 1
    # 90 degrees counterclockwise: from the positive horizontal frequencies to the negative vertical ones
    across, down = bank[0], bank[2]
    bank[:, 0, 0] = 0  # brightness has no direction
    np.testing.assert_allclose(down, across.T[-np.arange(63)], atol=1e-6)


def test_a_filter_peaks_at_its_frequency_and_has_one_lobe():
    bank = gabor_bank(320, (8, 8, 8, 8))
    frequency = np.fft.fftfreq(320)
    for scale in range(4):
        row, column = np.unravel_index(bank[8 * scale].argmax(), (320, 320))
        assert row == 0
        assert frequency[column] == pytest.approx(0.3 / 1.85**scale, abs=1 / 320)
        assert bank[8 * scale][0, -column] < 1e-6


def test_the_width_is_filters_times_cells_times_channels():
    assert Gist().width == 512
    assert Gist(orientations="8-8-4").width == 320
    assert Gist(orientations="8-8-4", colour=True, side=32).width == 960


def test_colour_describes_each_channel_as_a_grey_picture():
    colour, plain = Gist(side=32, colour=True), Gist(side=32)
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    green = plain.describe(np.repeat(pixels[..., 1:2], 3, axis=2))
    np.testing.assert_allclose(colour.describe(pixels)[512:1024], green, rtol=1e-5)


def test_a_flat_picture_is_a_row_of_zeros(gist):
    assert not gist.describe(np.full((256, 256, 3), 7, dtype=np.uint8)).any()


def test_a_grid_that_does_not_divide_the_side_still_covers_it():
    assert np.isfinite(Gist(side=50, blocks=3).describe(grating(30, side=50))).all()
