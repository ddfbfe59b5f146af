"""Tags on disk and in the metadata of a collection."""

import json

import pytest

from tuwen.errors import InputError
from tuwen.tag import Vocabulary, keep, tag, write
from tuwen.tag import writing as writing_module

COLOURS = ["red", "green", "blue", "yellow", "purple", "cyan", "black", "white"]


def test_a_table_has_a_row_a_tag_and_one_for_pictures_without(tiny_collection, tmp_path):
    done = tag(tiny_collection, ["red", "blue"], threshold=0.9, where="colour in ('red', 'white')")
    write(done, tmp_path / "tags.csv")
    lines = (tmp_path / "tags.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "id,rank,tag,probability"
    assert lines[1].startswith("red-0,1,red,") and "white-0,,," in lines


def test_json_has_an_item_a_picture(tiny_collection, tmp_path):
    done = tag(tiny_collection, COLOURS)
    write(done, tmp_path / "tags.json")
    write(done, tmp_path / "tags.jsonl")
    whole = json.loads((tmp_path / "tags.json").read_text(encoding="utf-8"))
    lines = (tmp_path / "tags.jsonl").read_text(encoding="utf-8").splitlines()
    assert whole == [json.loads(line) for line in lines] and len(whole) == 16
    assert whole[0]["tags"][0]["name"] == whole[0]["id"].split("-")[0]


def test_another_ending_is_refused(tiny_collection, tmp_path):
    with pytest.raises(InputError, match=r"\.csv, \.json, \.jsonl"):
        write(tag(tiny_collection, COLOURS), tmp_path / "tags.xlsx")


def test_filters_see_tags(tiny_collection):
    done = tag(tiny_collection, COLOURS)
    assert keep(tiny_collection, done, "hue") == 16
    assert {item.id for item in tiny_collection.items("image", "hue = 'red'")} == {"red-0", "red-1"}
    found = tiny_collection.get("image", "red-0")
    assert found.metadata["colour"] == "red" and 0 < found.metadata["hue_probability"] <= 1
    assert found.label == "red"


def test_of_a_tree_filters_see_what_is_above(tiny_collection):
    labels = Vocabulary.of(["warm/red", "warm/yellow", "cold/blue", "cold/cyan"])
    keep(tiny_collection, tag(tiny_collection, labels), "hue")
    found = {item.id for item in tiny_collection.items("image", "hue contains 'warm'")}
    assert {"red-0", "yellow-1"} <= found and "blue-0" not in found


def test_vectors_and_searches_stay_as_they_are(tiny_collection, tiny_encoder, monkeypatch):
    monkeypatch.setattr(writing_module, "BLOCK", 5)
    before = tiny_collection.vectors("image", tiny_collection.ids("image"))
    order = tiny_collection.ids("image")
    keep(tiny_collection, tag(tiny_collection, COLOURS), "hue")
    assert (tiny_collection.vectors("image", order) == before).all()
    assert tiny_collection.search("red", k=1)[0].metadata["hue"] == "red"
    assert tiny_collection.verify() == []


def test_tags_of_an_earlier_run_do_not_stay(tiny_collection):
    keep(tiny_collection, tag(tiny_collection, COLOURS), "hue")
    keep(tiny_collection, tag(tiny_collection, ["red", "blue"], threshold=0.9), "hue")
    assert "hue" not in tiny_collection.get("image", "white-0").metadata
    assert tiny_collection.get("image", "red-0").metadata["hue"] == "red"


def test_a_key_must_have_a_name(tiny_collection):
    with pytest.raises(InputError, match="key is empty"):
        keep(tiny_collection, tag(tiny_collection, COLOURS), " ")
