"""Prompts: which template takes which words, and what becomes of an encoder without texts."""

import numpy as np
import pytest

from tiny import TinyEncoder
from tuwen.arrays import unit_rows
from tuwen.encoders.stored import Side, Stored
from tuwen.errors import InputError
from tuwen.tag.prompts import TEMPLATES, label_vectors, prompts, read_templates
from tuwen.tag.vocabulary import Vocabulary


def test_words_go_into_templates_of_their_language():
    assert prompts(["dog", "狗"], ["{}", "a {}", "一只{}"]) == [["dog", "a dog"], ["狗", "一只狗"]]


def test_without_a_template_of_the_language_all_are_used():
    assert prompts(["狗"], ["a {}", "the {}"]) == [["a 狗", "the 狗"]]


def test_the_defaults_speak_both_languages():
    english, chinese = prompts(["dog", "狗"], TEMPLATES)
    assert len(english) == len(chinese) == 6


def test_languages_count_alike_however_many_words_they_have(tiny_encoder):
    (label,) = label_vectors(Vocabulary.of(["x = red, blue, green, 黄"]), tiny_encoder, ["{}"])
    english = unit_rows(tiny_encoder.encode(["red", "blue", "green"], "text").mean(0)[None])[0]
    chinese = tiny_encoder.encode(["黄"], "text")[0]
    np.testing.assert_allclose(label, unit_rows((english + chinese)[None])[0], atol=1e-6)


def test_only_the_lowest_labels_have_vectors(tiny_encoder):
    assert len(label_vectors(Vocabulary.of(["warm/red", "warm/yellow", "blue"]), tiny_encoder)) == 3


def test_an_encoder_without_texts_is_refused_with_the_way_out():
    class Blind(TinyEncoder):
        modalities = frozenset({"image"})

    with pytest.raises(InputError, match=r"does not encode texts.*--examples"):
        label_vectors(Vocabulary.of(["red", "blue"]), Blind())


def test_an_encoder_that_looks_texts_up_is_refused_with_the_way_out():
    stored = Stored({kind: Side(("a",), np.eye(1, 3)) for kind in ("image", "text")})
    with pytest.raises(InputError, match=r"cannot encode prompts.*--examples"):
        label_vectors(Vocabulary.of(["red", "blue"]), stored)


def test_templates_are_read_and_bad_ones_listed(tmp_path):
    path = tmp_path / "templates.txt"
    path.write_text("a photo of {}\n\na photo\n{} and {}\na photo of {}\n一张{}\n", encoding="utf-8")
    found, refusals = read_templates(path)
    assert found == ["a photo of {}", "一张{}"]
    assert [refusal.item for refusal in refusals] == [f"templates.txt:{line}" for line in (3, 4, 5)]


def test_a_file_without_templates_is_an_error(tmp_path):
    path = tmp_path / "templates.txt"
    path.write_text("a photo\n", encoding="utf-8")
    with pytest.raises(InputError, match="no template"):
        read_templates(path)
