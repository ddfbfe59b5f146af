"""Pixels and texts as recipes describe them, against Pillow and numpy done plainly."""

import numpy as np
import pytest
from PIL import Image

from tuwen.encoders.inputs.recipe import OPENAI_MEAN, OPENAI_STD, Recipe
from tuwen.errors import Damaged


@pytest.fixture(autouse=True)
def _plain(monkeypatch):
    monkeypatch.setenv("TUWEN_FAST", "0")  # the optional resizer rounds in another way


def picture(width, height, seed=0):
    values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


@pytest.mark.parametrize("size", [(50, 40), (31, 97), (32, 32), (7, 9)])
def test_squashing_is_pillows_bicubic_to_the_bit(size):
    image = picture(*size)
    expected = np.asarray(image.resize((32, 32), Image.Resampling.BICUBIC))
    assert np.array_equal(Recipe(size=32).pixels(image), expected)


@pytest.mark.parametrize(
    ("size", "scaled", "corner"),
    [((100, 50), (64, 32), (16, 0)), ((50, 101), (32, 64), (0, 16)), ((32, 32), (32, 32), (0, 0))],
)
def test_cropping_scales_the_shorter_side_and_cuts_the_middle(size, scaled, corner):
    image = picture(*size)
    left, top = corner
    expected = image.resize(scaled, Image.Resampling.BICUBIC).crop((left, top, left + 32, top + 32))
    assert np.array_equal(Recipe(size=32, fit="crop").pixels(image), np.asarray(expected))


def test_cropping_can_scale_to_more_than_it_keeps():
    image = picture(80, 60)
    expected = image.resize((53, 40), Image.Resampling.LANCZOS).crop((10, 4, 42, 36))
    found = Recipe(size=32, fit="crop", edge=40, filter="lanczos").pixels(image)
    assert np.array_equal(found, np.asarray(expected))


@pytest.mark.parametrize(
    ("fit", "edge", "seen"), [("squash", 0, (1, 1)), ("crop", 0, (0.5, 1)), ("crop", 40, (0.4, 0.8))]
)
def test_it_is_known_how_much_of_a_picture_is_kept(fit, edge, seen):
    assert Recipe(size=32, fit=fit, edge=edge).seen(200, 100) == pytest.approx(seen)


def test_normalising_rounds_as_torchvision_does():
    pixels = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)
    values = pixels.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)
    mean = np.float32(OPENAI_MEAN)[:, None, None]
    expected = (values - mean) / np.float32(OPENAI_STD)[:, None, None]
    found = Recipe(size=16).normalise(pixels)
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    assert np.array_equal(found, expected)


def test_nothing_prepared_gives_nothing():
    assert Recipe(size=16).normalise(np.empty((0, 16, 16, 3), np.uint8)).shape == (0, 3, 16, 16)


def test_texts_are_changed_as_each_family_was_trained():
    text = "  “Two\tDogs”,  RUN! ΣΑΣ  "
    assert Recipe(size=1, quotes=True).text(text) == '  "two\tdogs",  run! σας  '
    assert Recipe(size=1, lower=False).text(text) == text
    assert Recipe(size=1, punctuation=False).text(text) == "“two dogs” run σας"


def test_half_a_surrogate_pair_is_no_reason_to_fail():
    assert Recipe(size=1).text("a\ud800b") == "a?b"


def test_a_recipe_survives_json():
    recipe = Recipe(size=336, fit="crop", edge=340, mean=(0.5, 0.5, 0.5), pad="context", pad_id=1)
    assert Recipe.from_dict(recipe.to_dict()) == recipe


def test_the_identity_says_only_what_is_unusual():
    assert Recipe(size=224).identity() == '{"size": 224}'
    assert (
        Recipe(size=224, quotes=True, fit="crop").identity() == '{"fit": "crop", "quotes": true, "size": 224}'
    )


@pytest.mark.parametrize(("values", "word"), [({"size": 3, "colour": 1}, "colour"), ({}, "size")])
def test_a_recipe_of_another_version_is_refused(values, word):
    with pytest.raises(Damaged, match=word):
        Recipe.from_dict(values)
