"""What encoders are measured on."""

import base64
from pathlib import Path

import pytest
from PIL import Image

from tuwen.data import open_source
from tuwen.errors import InputError
from tuwen.material import PICTURES, made_pictures, made_texts, read_pairs


def test_made_pictures_are_the_same_each_time(tmp_path):
    first = made_pictures(tmp_path)
    (tmp_path / "again").mkdir()
    assert len(first) == PICTURES
    assert [path.read_bytes() for path in first[:3]] == [
        path.read_bytes() for path in made_pictures(tmp_path / "again")[:3]
    ]
    with Image.open(first[0]) as picture:
        assert picture.format == "JPEG" and picture.size == (500, 375)


def test_made_texts_are_of_both_languages_and_of_different_lengths():
    texts = made_texts()
    assert len(texts) == len(set(texts)) and len(texts) > 40
    assert sum(text.isascii() for text in texts) == len(texts) // 2
    assert len({len(text) for text in texts}) > 10


@pytest.fixture
def table(tmp_path, tiny_pictures):
    red, blue = tiny_pictures / "red-0.png", tiny_pictures / "blue-0.png"
    path = tmp_path / "captions.csv"
    path.write_text(f"image,text\n{red},red\n{blue},blue\n{red},红\n{blue},蓝\n", encoding="utf-8")
    return path


def test_a_picture_in_several_rows_is_one(table, tmp_path, tiny_pictures):
    found = read_pairs(open_source(table), tmp_path)
    assert [image["id"] for image in found.images] == ["red-0", "blue-0"]
    assert [text["text"] for text in found.texts] == ["red", "blue", "红", "蓝"]
    assert found.links == [(0, 0), (1, 1), (2, 0), (3, 1)] and found.name == "captions.csv"


def test_so_many_pictures_with_all_their_texts(table, tmp_path):
    found = read_pairs(open_source(table), tmp_path, most=1)
    assert len(found.images) == 1 and [text["text"] for text in found.texts] == ["red", "红"]
    assert [text["id"] for text in found.texts] == ["1", "3"], "numbered as encode numbers them"


def test_pictures_that_come_as_bytes_are_written_out(tmp_path, tiny_pictures):
    data = base64.b64encode((tiny_pictures / "red-0.png").read_bytes()).decode()
    path = tmp_path / "t.csv"
    path.write_text(f'image,text\n"data:image/png;base64,{data}",red\n', encoding="utf-8")
    found = read_pairs(open_source(path), tmp_path)
    assert Path(found.images[0]["path"]).read_bytes() == (tiny_pictures / "red-0.png").read_bytes()


def test_a_folder_without_texts_has_no_links(tiny_pictures, tmp_path):
    found = read_pairs(open_source(tiny_pictures), tmp_path)
    assert len(found.images) == 16 and not found.links


def test_no_pictures_are_an_error(tmp_path):
    (tmp_path / "t.csv").write_text("text\nred\n")
    with pytest.raises(InputError, match="has no pictures; name a folder"):
        read_pairs(open_source(tmp_path / "t.csv"), tmp_path)
