"""HSV: bins, cells and moments, counted by hand."""

import numpy as np
import pytest
from PIL import Image

from tuwen.encoders.hsv import Hsv

RED, BLACK, WHITE = (255, 0, 0), (0, 0, 0), (255, 255, 255)


def halves(left, right, size=(8, 4)):
    picture = Image.new("RGB", size, left)
    picture.paste(right, (size[0] // 2, 0, *size))
    return picture


def test_one_colour_fills_one_bin():
    row = Hsv().prepare(Image.new("RGB", (10, 10), RED))
    assert row.shape == (72,)
    assert row[0 * 9 + 2 * 3 + 2] == 1  # hue 0, saturation and value in their highest bins
    assert row.sum() == 1


def test_two_colours_share_the_picture():
    row = Hsv().prepare(halves(BLACK, WHITE))
    assert row[0] == 0.5
    assert row[2] == 0.5


def test_where_the_colours_are_counts_only_with_levels():
    there, back = halves(RED, WHITE), halves(WHITE, RED)
    assert np.array_equal(Hsv().prepare(there), Hsv().prepare(back))
    rows = [Hsv(levels=2).prepare(picture) for picture in (there, back)]
    assert rows[0].shape == (72 * 5,)
    assert np.array_equal(rows[0][:72], rows[1][:72])
    assert not np.array_equal(rows[0], rows[1])


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_the_histograms_of_each_level_sum_to_one(levels):
    picture = Image.effect_noise((37, 23), 90)
    assert Hsv(levels=levels).prepare(picture).sum() == pytest.approx(levels, abs=1e-5)


def test_square_roots_make_the_cosine_the_bhattacharyya_coefficient():
    encoder = Hsv(root=True)
    vectors = encoder.encode([Image.new("RGB", (8, 4), RED), halves(RED, WHITE)], "image")
    assert vectors[0] @ vectors[1] == pytest.approx(np.sqrt(0.5), abs=1e-6)


def test_moments_of_half_black_half_white():
    row = Hsv(moments=True).prepare(halves(BLACK, WHITE))
    assert row.shape == (81,)
    mean, deviation, third = row[72:].reshape(3, 3)[:, 2]
    assert (mean, deviation) == (0.5, 0.5)
    assert third == pytest.approx(0, abs=1e-6)


def test_the_third_moment_has_the_sign_of_the_longer_tail():
    picture = Image.new("RGB", (10, 1), BLACK)
    picture.putpixel((0, 0), WHITE)
    value = Hsv(moments=True).prepare(picture)[72:].reshape(3, 3)[2, 2]
    assert value == pytest.approx(np.cbrt(0.1 * 0.9**3 - 0.9 * 0.1**3), abs=1e-6)
