from datetime import date

import numpy as np
import pytest

from tuwen.illustrate.base import Signal
from tuwen.illustrate.choosing import choose, same, shared_words
from tuwen.illustrate.fusing import fuse

ALL = np.ones(5, dtype=bool)
SIGNALS = [
    Signal("text", np.array([5, 4, 3, 2, 1], dtype=np.float32)),
    Signal("cross", np.array([5, 4, 3, 1, np.nan], dtype=np.float32)),
]


def chosen(library, k=3, **how):
    order = fuse(SIGNALS, ALL, {}, by_rank=True)
    return choose(library, order, SIGNALS, k, **how)


def test_the_best_come_first_with_what_each_ranking_said(five):
    choices = chosen(five, 5)
    assert [choice.id for choice in choices] == ["p0", "p1", "p2", "p3", "p4"]
    assert [choice.rank for choice in choices] == [1, 2, 3, 4, 5]
    assert [(reason.name, reason.place) for reason in choices[1].reasons] == [("text", 2), ("cross", 2)]
    assert sum(reason.share for reason in choices[1].reasons) == pytest.approx(1)
    assert [reason.name for reason in choices[4].reasons] == ["text"]


def test_the_same_picture_comes_once(five):
    five.hashes[1] = five.hashes[0]
    choices = chosen(five)
    assert [choice.id for choice in choices] == ["p0", "p2", "p3"]
    assert choices[0].alike == ("p1",)


def test_pictures_that_look_alike_count_as_the_same_only_when_their_vectors_agree(five):
    five.vectors["text"] = np.eye(5, dtype=np.float32)
    five.looks = np.array([0b1111, 0b1110, 0b1111, 0xFF << 40, 0], dtype=np.uint64)
    # the first and the second are 22 degrees apart, the first and the third 45
    assert same(five, 1, [0], "image") == [0]
    assert same(five, 2, [0], "image") == []
    assert same(five, 3, [0, 1, 2], "image") == []
    assert [choice.id for choice in chosen(five, 2)] == ["p0", "p2"]


def test_less_is_asked_of_pictures_whose_texts_agree(five):
    five.looks = np.array([0b1, 0b1 << 10, (1 << 15) - 1, (1 << 63) - 1, 0], dtype=np.uint64)
    five.vectors["text"][:] = [1, 0]
    # 45 degrees and fourteen bits apart; then 67 degrees
    assert same(five, 2, [0], "image") == [0]
    assert same(five, 3, [0, 1], "image") == []
    five.vectors["text"][2] = [0, 1]
    assert same(five, 2, [0], "image") == []


def test_texts_are_the_same_whatever_their_punctuation(five):
    five.texts[:3] = ["今日开幕！", "今日开幕", "今日闭幕"]
    assert same(five, 1, [0, 2], "text") == [0]
    assert [choice.id for choice in chosen(five, 2, kind="text")] == ["p0", "p2"]


def test_the_picture_that_the_editor_has_is_not_shown(five):
    assert [choice.id for choice in chosen(five, 2, seen=0)] == ["p1", "p2"]


def test_the_text_of_the_very_picture_comes_first(five):
    choices = chosen(five, 2, kind="text", first=3)
    assert [(choice.id, choice.itself) for choice in choices] == [("p3", True), ("p0", False)]


def test_a_picture_used_lately_is_marked_and_so_is_what_looks_the_same(five):
    five.hashes[4] = five.hashes[1]
    used = {0: date(2026, 5, 1), 4: date(2026, 5, 3)}
    assert [choice.used for choice in chosen(five, used=used)] == [date(2026, 5, 1), date(2026, 5, 3), None]
    assert [choice.id for choice in chosen(five, used=used, skip_used=True)] == ["p2", "p3"]


@pytest.mark.parametrize(
    ("headline", "text", "expected"),
    [
        ("夏粮喜获丰收", "今年全国夏粮丰收，喜获佳绩", ("夏粮", "喜获", "丰收")),
        ("航天员的出舱活动", "航天员的手套", ("航天员",)),
        ("China wins World Cup", "The world cup of china", ("china", "world", "cup")),
        ("a cat", "concatenate", ()),
        ("Ｗｏｒｌｄ 2026", "world 2026", ("world", "2026")),
        ("", "什么", ()),
    ],
)
def test_words_that_both_have(headline, text, expected):
    assert set(shared_words(headline, text)) == set(expected)
