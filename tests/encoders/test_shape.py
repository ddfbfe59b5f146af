"""Shape: known figures have known directions, moments and outlines."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

pytest.importorskip("cv2")

from tuwen.encoders.shape import Shape

EDGES, HU, OUTLINE = slice(0, 72), slice(73, 80), slice(80, 86)


def figure(draw, *, paper="black", ink="white", size=(200, 200)):
    picture = Image.new("RGB", size, paper)
    draw(ImageDraw.Draw(picture), ink)
    return picture


def square(draw, ink):
    draw.rectangle((50, 50, 149, 149), fill=ink)


def circle(draw, ink):
    draw.ellipse((50, 50, 149, 149), fill=ink)


def corner(draw, ink):
    """An L: neither even nor convex."""
    draw.polygon([(60, 40), (90, 40), (90, 130), (140, 130), (140, 160), (60, 160)], fill=ink)


def row(picture, **options):
    return Shape(weight=1, **options).prepare(picture)


def test_it_holds_eighty_six_numbers():
    assert Shape().width == 72 + 1 + 7 + 6


def test_a_square_has_edges_in_four_directions():
    found = row(figure(square))[EDGES]
    assert set(np.argsort(-found)[:4]) == {0, 18, 36, 54}  # right, up, left, down
    assert found[[0, 18, 36, 54]].sum() > 0.85 * found.sum()


def test_a_circle_has_edges_in_all_directions():
    found = row(figure(circle))[EDGES]
    assert (found.reshape(8, 9).sum(axis=1) / found.sum()).max() < 0.2


def test_a_dark_figure_has_the_same_silhouette_as_a_light_one():
    light, dark = row(figure(square)), row(figure(square, paper="white", ink="black"))
    np.testing.assert_allclose(light[HU], dark[HU], atol=1e-6)
    np.testing.assert_allclose(light[OUTLINE], dark[OUTLINE], atol=1e-6)


def test_the_outline_of_a_square():
    area, box, fills, hull, roundness, length = row(figure(square))[OUTLINE]
    assert (area, box, fills, hull) == (0.25, 0.25, 1, 1)
    assert roundness == pytest.approx(np.pi / 4, rel=0.05)
    assert length == pytest.approx(0, abs=0.01)


def test_the_outline_of_an_l():
    area, _, fills, hull, roundness, length = row(figure(corner))[OUTLINE]
    assert area == pytest.approx(5250 / 40000, rel=0.05)
    assert fills == pytest.approx(5250 / 9600, rel=0.05)
    assert fills < hull < 0.85
    assert roundness < 0.6
    assert length > 0.3


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_hu_moments_stay_when_the_figure_turns(quarters):
    picture = figure(corner)
    turned = picture.rotate(90 * quarters)
    np.testing.assert_allclose(row(turned)[HU], row(picture)[HU], atol=2e-3)


def test_hu_moments_stay_when_the_figure_moves_and_grows():
    picture = figure(corner)
    moved = figure(
        lambda draw, ink: draw.polygon(
            [
                (2 * x - 80, 2 * y - 70)
                for x, y in [(60, 40), (90, 40), (90, 130), (140, 130), (140, 160), (60, 160)]
            ],
            fill=ink,
        ),
        size=(256, 256),
    )
    np.testing.assert_allclose(row(moved)[HU][:4], row(picture)[HU][:4], atol=0.01)


def test_the_seventh_moment_changes_its_sign_in_the_mirror():
    picture = figure(lambda draw, ink: draw.polygon([(40, 40), (60, 160), (160, 120)], fill=ink))
    mirrored = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    there, back = row(picture)[HU], row(mirrored)[HU]
    np.testing.assert_allclose(there[:6], back[:6], atol=5e-3)
    assert there[6] * back[6] < 0


def test_the_first_moment_of_a_disc_is_known():
    # 1 / (2 pi), on the logarithmic scale
    assert row(figure(circle))[HU][0] == pytest.approx(np.log10(1 + 1e12 / (2 * np.pi)) / 12, abs=1e-4)


def test_a_flat_picture_has_no_edges_and_no_silhouette():
    found = row(Image.new("RGB", (60, 40), "grey"))
    assert found[72] == 1  # no pixel is an edge
    assert not np.delete(found, 72).any()
