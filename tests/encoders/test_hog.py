"""HOG: the right direction, in the right cell, whatever the contrast."""

import numpy as np
import pytest

pytest.importorskip("skimage")

from tuwen.encoders.hog import Hog


def bars(horizontal=False, side=128):
    """Bars of 8 pixels, (side, side, 3) uint8."""
    wave = np.where(np.arange(side) // 8 % 2, 200, 50).astype(np.uint8)
    plain = np.broadcast_to(wave[:, None] if horizontal else wave, (side, side))
    return np.repeat(plain[..., None], 3, axis=2)


def test_the_usual_width():
    assert Hog().width == 1764  # 7 x 7 blocks of 2 x 2 cells of 9 directions
    assert Hog(side=64, cells=8, block=3).width == 36 * 81


@pytest.mark.parametrize("horizontal", [False, True])
def test_bars_answer_in_one_direction(horizontal):
    found = Hog(block=1).describe(bars(horizontal)).reshape(8, 8, 9)
    best = found.argmax(axis=2)
    assert (best == best[0, 0]).all()
    assert best[0, 0] == (4 if horizontal else 0)


def test_contrast_does_not_matter():
    weak = (bars().astype(int) // 5 + 90).astype(np.uint8)
    np.testing.assert_allclose(Hog().describe(weak), Hog().describe(bars()), atol=1e-3)


def test_an_edge_answers_in_the_cell_it_stands_in():
    pixels = np.full((128, 128, 3), 50, dtype=np.uint8)
    pixels[20:28, 100:108] = 200
    found = Hog(block=1).describe(pixels).reshape(8, 8, 9).sum(axis=2)
    assert np.unravel_index(found.argmax(), (8, 8)) == (1, 6)


def test_an_edge_of_colour_alone_is_seen():
    pixels = np.zeros((128, 128, 3), dtype=np.uint8)
    pixels[:, :64] = (118, 0, 0)
    pixels[:, 64:] = (0, 60, 0)  # of the same luma
    assert Hog().describe(pixels).any()


def test_a_flat_picture_is_a_row_of_zeros():
    assert not Hog().describe(np.full((128, 128, 3), 99, dtype=np.uint8)).any()
