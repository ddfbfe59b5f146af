import re
from datetime import date

import pytest
from PIL import Image

from tuwen.illustrate.base import SIGNALS, Answer, Choice, Query, Reason
from tuwen.illustrate.page import page, write_page
from tuwen.records import Refusal

CHOICE = Choice(
    id="<p1>",
    rank=1,
    score=0.5,
    picture="p1.png",
    text="夏粮丰收",
    label="economy",
    reasons=(Reason("text", 0.81, 3, 0.7), Reason("own", 0.2, 40, 0.3)),
    shared=("丰收",),
    used=date(2026, 5, 1),
    first_for="b",
    alike=("p7",),
)


def drawn(choice):
    return Image.new("RGB", (8, 8), "red")


def made(answer, **more):
    return page([answer], size=1648, draw=drawn, **more)


def test_a_choice_is_shown_with_its_reasons_and_marks_in_both_languages():
    text = made(Answer(Query(id="a", text="夏粮喜获丰收"), (CHOICE,), label="economy", label_probability=0.9))
    assert '<html lang="zh-CN">' in text and "&lt;p1&gt;" in text and "<p1>" not in text
    for words in (
        "Used on 2026-05-01",
        "2026-05-01 用过",
        "First for b too",
        "p7",
        "丰收",
        "文本相似",
        "Like texts",
    ):
        assert words in text
    assert "<b>3</b> · 0.81" in text and text.count("data:image/jpeg") == 1
    assert "1,648" in text and "(guessed, 0.90)" in text


def test_it_needs_nothing_beside_itself():
    text = made(Answer(Query(id="a", text="x"), (CHOICE,)))
    assert "<script" not in text and not re.search(r'(src|href)="(?!data:)', text)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"choices": (), "fits": False}, "No fitting picture.<"),
        ({"choices": (CHOICE,), "fits": False}, "No fitting picture; these are only the nearest."),
        ({"choices": (CHOICE,), "fits": None, "probability": 0.3}, "Perhaps no picture fits"),
    ],
)
def test_it_says_when_nothing_fits(how, words):
    assert words in made(Answer(Query(id="a", text="x"), **how))
    assert 'class="notice"' not in made(
        Answer(Query(id="a", text="x"), (CHOICE,), fits=True, probability=0.9)
    )


def test_texts_for_a_picture_are_quoted(tiny_pictures):
    answer = Answer(Query(id="red-0.png", picture=tiny_pictures / "red-0.png"), (CHOICE,))
    text = made(answer)
    assert (
        "<blockquote" in text and text.count("data:image/jpeg") == 2
    )  # the picture asked with, and a small one


def test_what_could_not_be_asked_is_listed():
    text = made(
        Answer(Query(id="a", text="x"), ()), refusals=[Refusal(item="b", code="empty", reason="b: <empty>")]
    )
    assert "Left out: 1" in text and "b: &lt;empty&gt;" in text


def test_a_picture_that_is_gone_leaves_its_place(tmp_path):
    path = tmp_path / "sheet.html"
    write_page(path, [Answer(Query(id="a", text="x"), (CHOICE,))], size=3)
    assert "The picture cannot be shown" in path.read_text(encoding="utf-8")


def test_every_ranking_has_words():
    reasons = tuple(Reason(name, 0.5, 1, 0.1) for name in SIGNALS)
    text = made(Answer(Query(id="a", text="x"), (Choice(id="p", rank=1, score=1.0, reasons=reasons),)))
    assert text.count("<dt>") == len(SIGNALS)
