"""`tuwen explain`: what it prints, what it draws, what it refuses."""

import pytest
from PIL import Image, ImageDraw

from tiny import COLOURS


@pytest.fixture
def scene(tiny_collection, tiny_encoder, tmp_path):
    """The tiny collection with a grey picture that has a red square at its upper left; both paths."""
    file = tmp_path / "scene.png"
    picture = Image.new("RGB", (90, 60), (128, 128, 128))
    ImageDraw.Draw(picture).rectangle((0, 0, 29, 19), fill=COLOURS["red"][1])
    picture.save(file)
    vectors = tiny_encoder.encode([file], "image")
    tiny_collection.add_vectors("image", ["scene"], vectors, path=[str(file)])
    return tiny_collection.path, file


def test_the_part_that_counts_is_named_and_drawn(tuwen, scene, tmp_path):
    collection, _ = scene
    done = tuwen("explain", collection, "scene", "red -blue", "-o", tmp_path / "heat.png")
    (row,) = done.rows
    assert row["most"] == "upper left" and row["how"] == "occlusion"
    assert list(row["alone"]) == ["red", "blue"] and row["alone"]["red"] > row["alone"]["blue"]
    assert len(row["heat"]) == 8 and row["heat"][0][0] > row["heat"][7][7]
    assert str(tmp_path / "heat.png") in done.err
    with Image.open(tmp_path / "heat.png") as drawn:
        assert drawn.size == (90, 60) and drawn.format == "PNG"
        assert sum(drawn.getpixel((5, 5))) > 300 > sum(drawn.getpixel((80, 50)))


def test_people_see_shades(tuwen, scene):
    lines = tuwen("explain", scene[0], "scene", "red", "--format", "table").out.splitlines()
    assert any(line.startswith("most") and line.endswith("upper left") for line in lines)
    assert lines[-8].strip().startswith("█") and lines[-1].strip() == "·" * 16


def test_a_picture_can_be_asked_with(tuwen, scene, tiny_pictures):
    (row,) = tuwen("explain", scene[0], "scene", "--image", tiny_pictures / "red-0.png").rows
    assert row["most"] == "upper left" and "alone" not in row


def test_what_cannot_be_explained_is_said(tuwen, scene):
    collection, file = scene
    assert tuwen("explain", collection, "scene").code == 2
    assert tuwen("explain", collection, "scene", "red", "-o", file).code == 2
    assert "no image named 'nobody'" in tuwen("explain", collection, "nobody", "red").err
    done = tuwen("explain", collection, "scene", "red", "--how", "patches")
    assert done.code == 1 and "no patches" in done.err
