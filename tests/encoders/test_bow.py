"""Bags of words: counts, vocabularies, saving, and what every encoder fitted on texts does."""

import numpy as np
import pytest

from tuwen import encoders
from tuwen.encoders.bow import Bow
from tuwen.errors import InputError, NotFittedError, UnknownName

TEXTS = ["a red dog", "a dog and a dog", "the cat", "red"]


def test_counts_stand_in_the_columns_of_the_vocabulary():
    encoder = Bow().fit(TEXTS)
    assert encoder.vocabulary == ["a", "and", "cat", "dog", "red", "the"]
    assert encoder.encode_texts(["dog a DOG bird", "the cat"], unit=False).tolist() == [
        [1, 0, 0, 2, 0, 0],
        [0, 0, 1, 0, 0, 1],
    ]


def test_binary_says_only_whether_a_term_is_there():
    assert Bow(binary=True).fit(TEXTS).encode_texts(["dog a dog"], unit=False).tolist() == [
        [1, 0, 0, 1, 0, 0]
    ]


def test_rows_have_length_one():
    assert np.linalg.norm(Bow().fit(TEXTS).encode_texts(TEXTS), axis=1) == pytest.approx(1)


def test_a_text_without_known_terms_is_a_zero_row_and_is_counted():
    encoder = Bow().fit(TEXTS)
    found = encoder.encode_texts(["bird", "", "a dog", "🐕"])
    assert found.any(axis=1).tolist() == [False, False, True, False]
    assert encoder.blank == 3


def test_features_take_the_commonest_terms():
    assert Bow(features=2).fit(TEXTS).vocabulary == ["a", "dog"]


def test_chinese_and_english_stand_side_by_side():
    pytest.importorskip("jieba")
    encoder = Bow().fit(["红色的dog", "草地上的狗"])
    assert encoder.vocabulary == ["dog", "上", "狗", "的", "红色", "草地"]


def test_a_dictionary_and_stop_words_are_saved_with_the_encoder(tmp_path):
    pytest.importorskip("jieba")
    (tmp_path / "words.txt").write_text("图文检索 10\n", encoding="utf-8")
    (tmp_path / "stop.txt").write_text("the\n很\n", encoding="utf-8")
    encoder = Bow(dictionary=tmp_path / "words.txt", stop=tmp_path / "stop.txt")
    encoder.fit(["the 图文检索", "图文检索很好"])
    encoder.save(tmp_path / "saved")
    (tmp_path / "words.txt").unlink()
    (tmp_path / "stop.txt").unlink()
    loaded = Bow.open(tmp_path / "saved")
    assert loaded.vocabulary == ["图文检索", "好"]
    assert loaded.fingerprint == encoder.fingerprint
    assert loaded.encode_texts(["图文检索"], unit=False).tolist() == [[1, 0]]


def test_no_path_of_this_machine_is_saved(tmp_path):
    (tmp_path / "words.txt").write_text("dog\n", encoding="utf-8")
    Bow(dictionary=tmp_path / "words.txt").fit(TEXTS).save(tmp_path / "saved")
    assert str(tmp_path) not in (tmp_path / "saved" / "encoder.json").read_text()


def test_a_saved_encoder_gives_the_same_rows(tmp_path):
    encoder = Bow(units="characters", longest=2).fit(TEXTS)
    encoder.save(tmp_path / "bow")
    loaded = encoders.load(str(tmp_path / "bow"))
    assert loaded.fingerprint == encoder.fingerprint
    assert loaded.encode_texts(TEXTS).tolist() == encoder.encode_texts(TEXTS).tolist()


def test_options_come_from_the_spec():
    encoder = encoders.load("bow,features=3,units=characters,longest=2,binary=true")
    assert (encoder.features, encoder.units, encoder.longest, encoder.binary) == (3, "characters", 2, True)


def test_a_new_fit_replaces_the_old():
    encoder = Bow().fit(TEXTS)
    encoder.encode_texts(TEXTS)
    assert encoder.fit(["bird"]).encode_texts(["bird bird"], unit=False).tolist() == [[2]]


def test_fitting_is_needed_first():
    with pytest.raises(NotFittedError, match="bow must be fitted first"):
        Bow().encode_texts(["a"])


@pytest.mark.parametrize("items", [[], "a dog", [None], ["a", b"b"]])
def test_what_are_no_texts_is_refused(items):
    with pytest.raises(InputError):
        Bow().fit(items)


@pytest.mark.parametrize(
    "settings", [{"features": 0}, {"min_count": 0}, {"max_share": 0}, {"max_share": 1.5}, {"shortest": 2}]
)
def test_settings_are_checked_at_once(settings):
    with pytest.raises(InputError):
        Bow(**settings)


def test_an_unknown_unit_suggests_a_known_one():
    with pytest.raises(UnknownName, match="did you mean 'words'"):
        Bow(units="word")


def test_texts_without_words_cannot_be_learned_from():
    with pytest.raises(InputError, match="no term"):
        Bow().fit(["", "!"])
