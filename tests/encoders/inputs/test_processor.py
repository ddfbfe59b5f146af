"""What the files beside a model say about its preprocessing; where they are silent, what its family does."""

import json

import pytest

from tuwen.encoders.inputs.processor import family_recipe, folder_recipe, open_clip_recipe
from tuwen.encoders.inputs.recipe import OPENAI_MEAN
from tuwen.errors import InputError

CLASS_DEFAULT = {
    "size": {"shortest_edge": 224},
    "crop_size": {"height": 224, "width": 224},
    "do_center_crop": True,
}


def read(folder, kind, content, *, name="preprocessor_config.json", size=224, resize="auto"):
    (folder / name).write_text(json.dumps(content))
    return folder_recipe(family_recipe(kind, size, 77), kind, folder, resize)


def test_families_differ_where_nothing_is_said():
    found = {kind: family_recipe(kind, 224, 512) for kind in ("chinese_clip", "clip", "altclip", "siglip")}
    assert {kind: recipe.fit for kind, recipe in found.items()} == {
        "chinese_clip": "squash", "clip": "crop", "altclip": "crop", "siglip": "squash"
    }  # fmt: skip
    assert {kind: recipe.context for kind, recipe in found.items()} == {
        "chinese_clip": 52, "clip": 77, "altclip": 77, "siglip": 512
    }  # fmt: skip
    assert found["siglip"].pad == "context"
    assert found["siglip"].mean == (0.5, 0.5, 0.5)
    assert [kind for kind, recipe in found.items() if recipe.quotes] == ["chinese_clip"]
    assert [kind for kind, recipe in found.items() if not recipe.lower] == ["altclip"]


def test_what_a_folder_says_holds(tmp_path):
    content = {"size": {"height": 224, "width": 224}, "do_center_crop": False, "resample": 2}
    content |= {"image_mean": [0.1, 0.2, 0.3], "image_std": [0.5, 0.6, 0.7]}
    recipe = read(tmp_path, "clip", content)
    assert (recipe.fit, recipe.filter, recipe.mean, recipe.std) == (
        *("squash", "bilinear"), (0.1, 0.2, 0.3), (0.5, 0.6, 0.7)
    )  # fmt: skip


def test_plain_numbers_for_sizes_are_those_of_older_files(tmp_path):
    content = {"size": 248, "crop_size": 224, "do_center_crop": True}
    recipe = read(tmp_path, "clip", content)
    assert (recipe.fit, recipe.edge, recipe.size) == ("crop", 248, 224)


def test_the_class_default_of_transformers_is_not_taken_for_chinese_clip(tmp_path):
    assert read(tmp_path, "chinese_clip", CLASS_DEFAULT).fit == "squash"
    assert read(tmp_path, "clip", CLASS_DEFAULT).fit == "crop"


def test_an_option_holds_against_the_folder(tmp_path):
    assert read(tmp_path, "chinese_clip", CLASS_DEFAULT, resize="crop").fit == "crop"
    assert read(tmp_path, "clip", CLASS_DEFAULT, resize="squash").fit == "squash"


def test_the_newer_name_of_the_file_is_read(tmp_path):
    inner = {"image_processor": {"size": {"height": 224, "width": 224}, "image_mean": [0, 0, 0]}}
    recipe = read(tmp_path, "siglip", inner, name="processor_config.json")
    assert recipe.mean == (0, 0, 0)


def test_rescaling_and_normalising_can_be_off(tmp_path):
    content = {"size": 224, "do_normalize": False, "rescale_factor": 1 / 127.5}
    recipe = read(tmp_path, "siglip", content)
    assert (recipe.mean, recipe.std, recipe.divisor) == ((0, 0, 0), (1, 1, 1), 127.5)
    assert read(tmp_path, "siglip", content | {"do_rescale": False}).divisor == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"size": {"height": 336, "width": 336}}, "336 pixels, but its network takes 224"),
        ({"size": {"height": 224, "width": 448}}, "not square"),
        ({"size": 224, "image_mean": [0.5]}, "three numbers"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, content, message):
    with pytest.raises(InputError, match=message):
        read(tmp_path, "siglip", content)


def test_what_open_clip_says_holds():
    recipe = family_recipe("clip", 224, 77)
    content = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bilinear", "resize_mode": "squash"}
    found = open_clip_recipe(recipe, content, "auto")
    assert (found.fit, found.filter, found.mean) == ("squash", "bilinear", (0.5, 0.5, 0.5))
    plain = open_clip_recipe(recipe, {}, "auto")
    assert (plain.fit, plain.mean, plain.halves) == ("crop", OPENAI_MEAN, "even")
    with pytest.raises(InputError, match="longest"):
        open_clip_recipe(recipe, {"resize_mode": "longest"}, "auto")
