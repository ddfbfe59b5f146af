"""The page about tags: whole, in both languages, with pictures inside and nothing from elsewhere."""

import re

import pytest

from tuwen.tag import Vocabulary, tag
from tuwen.tag.page import page, write_page
from tuwen.tag.words import WORDS, method_name

LABELS = ["red", "green", "blue", "yellow", "purple", "cyan", "black"]


@pytest.fixture
def measured(tiny_collection):
    """Words of seven colours, measured on pictures of eight: white is taken for another."""
    tiny_collection.update("image", "white-0", label="black")
    tiny_collection.update("image", "white-1", label="black")
    return tag(tiny_collection, LABELS, examples="label", method="zero-shot", held_out=1.0)


def test_nothing_is_loaded_from_elsewhere(measured, tiny_collection):
    text = page(measured, tiny_collection)
    assert "default-src 'none'" in text and "<script" not in text
    assert not re.search(r'(?:src|href)="(?!data:|#)', text)


def test_every_number_of_the_matrix_leads_to_its_pictures(measured, tiny_collection):
    text = page(measured, tiny_collection)
    links = set(re.findall(r'href="#(m\d+-\d+)"', text))
    assert links and links == set(re.findall(r'id="(m\d+-\d+)"', text))
    assert "black → " in text and text.count("data:image/jpeg") > 16


def test_both_languages_are_there(measured, tiny_collection):
    text = page(measured, tiny_collection)
    assert "What is taken for what" in text and "混淆矩阵" in text
    assert all(len(pair) == 2 and all(pair) for pair in WORDS.values())
    assert method_name("probe", "zh") != method_name("probe")


def test_it_says_whether_numbers_are_probabilities(tiny_collection):
    bare = page(tag(tiny_collection, LABELS), tiny_collection)
    known = tag(tiny_collection, examples="label", method="zero-shot")
    assert "they are not probabilities" in bare and "were calibrated" not in bare
    assert "were calibrated" in page(known, tiny_collection)


def test_labels_and_ids_cannot_write_html(tiny_collection):
    done = tag(tiny_collection, ["<b>red", "blue"])
    text = page(done, tiny_collection)
    assert "<b>red" not in text and "&lt;b&gt;red" in text


def test_a_picture_that_is_gone_is_said_to_be(measured, tiny_collection, monkeypatch):
    monkeypatch.setattr("tuwen.tag.thumbnails.picture_of", lambda item, collection: None)
    text = page(measured, tiny_collection)
    assert "cannot be shown" in text and "<img" not in text


def test_of_several_labels_pictures_that_lack_one_are_shown(tiny_collection):
    tiny_collection.update("image", "green-0", metadata={"tags": ["red", "blue"]})
    tiny_collection.update("image", "red-0", metadata={"tags": ["red"]})
    labels = Vocabulary.of(["warm/red", "cold/blue"])
    done = tag(
        tiny_collection, labels, examples="tags", method="zero-shot", held_out=1.0, most=2, threshold=0.6
    )
    text = page(done, tiny_collection)
    assert "lacking" in text and 'class="confusion"' not in text


def test_what_was_left_out_stands_at_the_end(tiny_collection, tmp_path):
    done = tag(tiny_collection, ["red", "blue", "red"])
    write_page(tmp_path / "tags.html", done, tiny_collection)
    text = (tmp_path / "tags.html").read_text(encoding="utf-8")
    assert "label 3: &#x27;red&#x27; stands at label 1 already" in text
