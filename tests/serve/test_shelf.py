from pathlib import Path

import pytest

from tuwen.errors import InputError
from tuwen.serve.shelf import Shelf, name_of, named, place_of


def test_collections_are_named_after_their_folders():
    paths = [Path("/a/photos"), Path("/b/photos"), Path("/c/海边 2020"), Path("/d/..hidden")]
    assert list(named(paths)) == ["photos", "photos-2", "海边-2020", "hidden"]


@pytest.mark.parametrize("name", ["", "a/b", "..", "a b", "x" * 101, "a%2fb"])
def test_a_name_that_cannot_stand_in_an_address_is_refused(name, tiny_collection):
    with pytest.raises(InputError, match="rename its folder"):
        Shelf({name: tiny_collection})


def test_places_are_told_inside_their_source_only(tmp_path):
    (tmp_path / "pictures").mkdir()
    assert place_of(str(tmp_path / "pictures" / "a" / "b.png"), str(tmp_path / "pictures")) == "a/b.png"
    assert place_of(str(tmp_path / "pictures" / "b.png"), str(tmp_path / "table.csv")) == "pictures/b.png"
    assert place_of("/elsewhere/secret/b.png", str(tmp_path)) == "b.png"
    assert place_of("C:\\secret\\b.png", "") == "b.png"


@pytest.mark.parametrize(
    ("path", "origin", "name"),
    [
        ("/c/uploads/0a/0a4a44457137672b3218c1007dc8f76a.png", "海 滩.png", "海 滩.png"),
        (
            "/c/uploads/0a/0a4a44457137672b3218c1007dc8f76a.png",
            "0123456789abcdef:3",
            "0a4a44457137672b3218c1007dc8f76a.png",
        ),
        ("/home/uploads/2020/a.png", "captions.csv:12", "a.png"),
        ("", "captions.csv:12", "captions.csv:12"),
        ("", "0123456789abcdef:3", ""),
    ],
)
def test_files_are_called_as_they_were_where_they_came_from(path, origin, name):
    assert name_of(path, origin) == name
