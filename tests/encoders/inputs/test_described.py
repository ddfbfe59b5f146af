"""Recipes from the files beside weights make the pixels that their libraries make."""

import numpy as np
import pytest
from PIL import Image

from tuwen.encoders.inputs import described
from tuwen.errors import InputError, UnknownName

TIMM = {
    "input_size": [3, 24, 24],
    "interpolation": "bicubic",
    "crop_pct": 0.9,
    "crop_mode": "center",
    "mean": [0.5, 0.4, 0.3],
    "std": [0.5, 0.6, 0.7],
}
SIZES = [(60, 40), (40, 61), (24, 24), (33, 100), (7, 9)]


@pytest.fixture(autouse=True)
def _pillow_alone(monkeypatch):
    """The optional resizer differs by one level in a few pixels."""
    monkeypatch.setenv("TUWEN_FAST", "0")


def picture(width, height):
    values = np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def torchvision_pixels(image, edge, size, how):
    """`Resize(edge)` and `CenterCrop(size)` of torchvision, written out for Pillow."""
    width, height = image.size
    short, long = min(width, height), max(width, height)
    new = (edge, int(edge * long / short))
    image = image.resize(new if width <= height else new[::-1], how)
    left, top = (round((length - size) / 2.0) for length in image.size)
    return np.asarray(image.crop((left, top, left + size, top + size)))


@pytest.mark.parametrize("shape", SIZES)
def test_imagenet_pixels_are_those_of_torchvision(shape):
    recipe = described.named("imagenet", 21)
    expected = torchvision_pixels(picture(*shape), 24, 21, Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(recipe.pixels(picture(*shape)), expected)
    values = (expected.astype(np.float32) / 255 - np.float32((0.485, 0.456, 0.406))) / np.float32(
        (0.229, 0.224, 0.225)
    )
    np.testing.assert_allclose(recipe.normalise(expected[None])[0], values.transpose(2, 0, 1), atol=1e-6)


def test_imagenet_is_256_to_224():
    recipe = described.named("imagenet", 224)
    assert (recipe.edge, recipe.size, recipe.filter) == (256, 224, "bilinear")


@pytest.mark.parametrize("shape", SIZES)
def test_timm_pixels_are_those_of_its_transform(shape):
    recipe = described.from_timm(TIMM, "config.json")
    expected = torchvision_pixels(picture(*shape), 26, 24, Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(recipe.pixels(picture(*shape)), expected)
    assert recipe.mean == (0.5, 0.4, 0.3)


def test_timm_may_squash():
    recipe = described.from_timm(TIMM | {"crop_mode": "squash", "crop_pct": 1.0}, "config.json")
    expected = picture(60, 40).resize((24, 24), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(recipe.pixels(picture(60, 40)), np.asarray(expected))


PROCESSORS = {
    "vit": ("vit", "ViT", {"size": {"height": 24, "width": 24}}),
    "deit": ("deit", "DeiT", {"size": {"height": 30, "width": 30}, "crop_size": {"height": 24, "width": 24}}),
    "convnext": ("convnext", "ConvNext", {"size": {"shortest_edge": 24}}),
    "large convnext": ("convnext", "ConvNext", {"size": {"shortest_edge": 384}}),
    "bit": ("bit", "Bit", {"size": {"shortest_edge": 31}, "crop_size": {"height": 24, "width": 24}}),
    "no normalising": ("vit", "ViT", {"size": {"height": 24, "width": 24}, "do_normalize": False}),
}


@pytest.mark.parametrize("name", PROCESSORS)
def test_pixels_are_those_of_the_processor_of_transformers(name):
    pytest.importorskip("transformers")
    from importlib import import_module

    folder, kind, options = PROCESSORS[name]
    module = import_module(f"transformers.models.{folder}.image_processing_pil_{folder}")
    processor = getattr(module, f"{kind}ImageProcessorPil")(**options)
    recipe = described.from_transformers(processor.to_dict(), "preprocessor_config.json")
    for shape in SIZES[:4]:
        expected = processor(picture(*shape))["pixel_values"][0]
        found = recipe.normalise(recipe.pixels(picture(*shape))[None])[0]
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_processor_of_the_old_form_is_read():
    """As `microsoft/resnet-50` has it: a number for the size, the class's old name, a share to cut."""
    recipe = described.from_transformers(
        {
            "crop_pct": 0.875,
            "do_normalize": True,
            "do_resize": True,
            "feature_extractor_type": "ConvNextFeatureExtractor",
            "image_mean": [0.485, 0.456, 0.406],
            "image_std": [0.229, 0.224, 0.225],
            "resample": 3,
            "size": 224,
        },
        "preprocessor_config.json",
    )
    assert (recipe.fit, recipe.edge, recipe.size, recipe.filter) == ("crop", 256, 224, "bicubic")


def test_a_plain_number_is_a_square_for_a_vit():
    recipe = described.from_transformers(
        {"feature_extractor_type": "ViTFeatureExtractor", "size": 224, "resample": 2}, "x.json"
    )
    assert (recipe.fit, recipe.size, recipe.filter) == ("squash", 224, "bilinear")


def test_caffe_takes_means_off_the_whole_range():
    recipe = described.named("caffe", 224)
    white = recipe.normalise(np.full((1, 224, 224, 3), 255, dtype=np.uint8))
    np.testing.assert_allclose(white[0, :, 0, 0], [255 - 123.68, 255 - 116.779, 255 - 103.939], atol=1e-4)


@pytest.mark.parametrize(
    "change",
    [
        {"input_size": [3, 24, 32]},
        {"interpolation": "random"},
        {"crop_mode": "border"},
        {"mean": [0.5]},
        {"input_size": None},
    ],
)
def test_what_timm_may_say_and_is_not_done_is_refused(change):
    with pytest.raises(InputError, match=r"config\.json"):
        described.from_timm(TIMM | change, "config.json")


@pytest.mark.parametrize(
    "config",
    [
        {"size": {"height": 24, "width": 32}},
        {"size": {"shortest_edge": 24}},
        {"size": "large"},
        {"do_resize": False, "size": 24},
        {"size": 24, "image_mean": [0.5]},
        {"size": 24, "resample": 9},
    ],
)
def test_what_a_processor_may_say_and_is_not_done_is_refused(config):
    with pytest.raises(InputError, match=r"p\.json"):
        described.from_transformers(config, "p.json")


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'imagenet'"):
        described.named("imagnet", 224)
