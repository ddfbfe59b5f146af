"""Words of Chinese and English texts, terms, and the traps of jieba."""

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tuwen.encoders.inputs import words as module
from tuwen.encoders.inputs.terms import Terms, pack, unpack
from tuwen.encoders.inputs.words import Words, normal, read_lines
from tuwen.errors import InputError, MissingExtra, UnknownName


def test_chinese_is_cut_to_words():
    pytest.importorskip("jieba")
    assert Words().cut("两只狗在草地上奔跑") == ["两只", "狗", "在", "草地", "上", "奔跑"]


def test_english_and_numbers_stand_beside_chinese():
    pytest.importorskip("jieba")
    assert Words().cut("iPhone15手机 costs $3.5, 约1,000元") == [
        *("iphone15", "手机", "costs", "3.5", "约", "1", "000", "元")
    ]


def test_a_word_of_the_dictionary_may_mix_letters_and_characters():
    pytest.importorskip("jieba")
    assert Words().cut("穿T恤的人") == ["穿", "t恤", "的", "人"]


def test_full_width_and_accented_letters_and_apostrophes_have_one_form():
    assert Words().cut("ＡＢＣ １２ the man’s café don't O'Brien") == [
        *("abc", "12", "the", "man", "café", "don't", "o'brien")
    ]


@pytest.mark.parametrize("text", ["", "   ", "！？。…", "\n\t", "__ - '"])
def test_a_text_without_words_has_none(text):
    assert Words().cut(text) == []


def test_other_scripts_and_broken_text_are_cut_without_error():
    assert Words().cut("한국어 русский 🐕 \udcff") == ["한국어", "русский"]


def test_characters_unknown_to_jieba_are_kept():
    pytest.importorskip("jieba")
    assert "".join(Words().cut("\U00020000\u3400龘")) == "\U00020000\u3400龘"


def test_a_very_long_run_is_cut_in_pieces():
    pytest.importorskip("jieba")
    assert "".join(Words().cut("龘" * 5000)) == "龘" * 5000


def test_english_needs_no_jieba(monkeypatch):
    monkeypatch.setattr(module, "_jieba", _missing)
    assert Words(["new york"]).cut("A dog") == ["a", "dog"]


def test_chinese_without_jieba_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "jieba", None)
    module._jieba.cache_clear()
    with pytest.raises(MissingExtra, match=r"tuwen\[classic\]"):
        Words().cut("一只狗")
    module._jieba.cache_clear()


def _missing():
    raise AssertionError("jieba was asked for")


def test_a_user_dictionary_keeps_words_whole():
    pytest.importorskip("jieba")
    text = "图文检索与云计算"
    assert Words().cut(text) == ["图文", "检索", "与", "云", "计算"]
    assert Words(["图文检索", "云计算 5 n"]).cut(text) == ["图文检索", "与", "云计算"]
    assert Words().cut(text) == ["图文", "检索", "与", "云", "计算"]  # the shared dictionary stays as it was


def test_stop_words_are_left_out_in_any_form():
    pytest.importorskip("jieba")
    assert Words(stop=["THE", "在"]).cut("The dog 在草地") == ["dog", "草地"]


def test_threads_share_one_tokenizer():
    pytest.importorskip("jieba")
    cutter = Words(["图文检索"])
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(cutter.cut, ["图文检索系统"] * 64))
    assert found == [["图文检索", "系统"]] * 64


def test_the_cache_of_jieba_is_neither_read_nor_written(tmp_path):
    pytest.importorskip("jieba")
    # a cache that anybody may have put there; reading it would raise or change the words
    (tmp_path / "jieba.cache").write_bytes(b"harmful")
    code = "from tuwen.encoders.inputs.words import Words; print(Words(['云计算']).cut('两只狗在云计算'))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**_environment(), "TMPDIR": str(tmp_path)},
    )
    assert done.stdout.strip() == "['两只', '狗', '在', '云计算']"
    assert done.stderr == ""
    assert [path.name for path in tmp_path.iterdir()] == ["jieba.cache"]
    assert (tmp_path / "jieba.cache").read_bytes() == b"harmful"


def _environment():
    return {**os.environ, "PYTHONIOENCODING": "utf-8"}


def test_a_word_list_is_read_with_its_byte_order_mark_and_without_blank_lines(tmp_path):
    path = tmp_path / "stop.txt"
    path.write_bytes("\ufeff的\r\n\r\n了\n".encode())
    assert read_lines(path, "stop words") == ["的", "了"]


def test_a_word_list_of_another_encoding_is_refused(tmp_path):
    path = tmp_path / "stop.txt"
    path.write_bytes("图文检索".encode("gb18030"))
    with pytest.raises(InputError, match="UTF-8"):
        read_lines(path, "list of stop words")
    with pytest.raises(InputError, match="cannot be read"):
        read_lines(Path(tempfile.gettempdir()) / "not-there" / "stop.txt", "list of stop words")


def test_normal_is_idempotent():
    text = "Ｈｅｌｌｏ “World’s” ①ﬁ"
    assert normal(normal(text)) == normal(text)


def test_n_grams_of_words():
    terms = Terms("words", 1, 2, Words())
    assert terms.cut("a red dog") == ["a", "red", "dog", "a red", "red dog"]


def test_n_grams_of_characters_need_no_jieba(monkeypatch):
    monkeypatch.setattr(module, "_jieba", _missing)
    assert Terms("characters", 1, 2, Words()).cut(" 红 \n狗") == ["红", " ", "狗", "红 ", " 狗"]


def test_lengths_and_units_are_checked():
    with pytest.raises(InputError, match="shortest is 2 and longest 1"):
        Terms("words", 2, 1, Words())
    with pytest.raises(UnknownName, match="characters"):
        Terms("character", 1, 1, Words())


def test_a_vocabulary_takes_the_commonest_and_the_first_of_equals():
    terms = Terms("words", 1, 1, Words())
    texts = ["b a c", "a b d", "a d d d"]
    assert terms.vocabulary(texts, most=2, min_count=1, max_share=1.0)[0] == ["a", "b"]
    found, counts = terms.vocabulary(texts, most=9, min_count=2, max_share=0.9)
    assert (found, counts.tolist()) == (["b", "d"], [2, 2])


def test_a_vocabulary_of_nothing_is_refused():
    with pytest.raises(InputError, match="lower min_count"):
        Terms("words", 1, 1, Words()).vocabulary(["a", "b"], most=9, min_count=2, max_share=1.0)


@pytest.mark.parametrize("words", [["a"], ["长词", "b c", "\udcff"], ["x\x00", "y"]])
def test_packed_words_come_back(words):
    assert unpack(pack(words)) == words
