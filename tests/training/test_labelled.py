"""Items with classes: what is refused, and what is held out."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.training.labelled import Labelled, read_labelled


@pytest.fixture
def table(tmp_path):
    """A CSV file with these lines."""

    def made(*lines):
        path = tmp_path / "titles.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return made


def test_texts_come_once_with_their_class(table):
    found = read_labelled(table("title,class", "股市大涨,财经", "球队夺冠,体育", "股市大涨,财经"), "texts")
    assert found.items == ["股市大涨", "球队夺冠"] and found.labels == ["财经", "体育"]
    assert found.classes == ["体育", "财经"]


def test_contradictions_and_items_without_a_class_are_listed(table):
    found = read_labelled(table("title,class", "a,x", "b,y", "c,x", "c,y", "d,"), "texts")
    assert found.items == ["a", "b"]
    assert [refusal.code for refusal in found.refusals] == ["no-label", "contradiction"]
    assert found.refusals[1].reason == (
        "titles.csv:4: 'c' stands with 'x' and 'y', which contradict each other"
    )


def test_a_class_with_one_item_is_named(table):
    found = read_labelled(table("title,class", "a,x", "b,x", "c,y"), "texts")
    assert "never measured: y" in found.notes[0]


def test_one_class_is_refused(table):
    with pytest.raises(InputError, match="texts of 1 classes; two at least"):
        read_labelled(table("title,class", "a,x", "b,x"), "texts")


def test_every_class_keeps_an_item_to_learn_from():
    made = Labelled([str(n) for n in range(41)], ["x"] * 20 + ["y"] * 20 + ["z"])
    learn, held = made.split(0.3, 0)
    assert held.labels.count("x") == held.labels.count("y") == 6 and "z" not in held.labels
    assert not set(learn.items) & set(held.items) and len(learn.items) + len(held.items) == 41
    assert made.split(0.99, 0)[0].classes == ["x", "y", "z"]


def test_no_more_than_enough_are_held_out(monkeypatch):
    monkeypatch.setattr("tuwen.training.labelled.MOST", 4)
    assert len(Labelled([str(n) for n in range(40)], ["x", "y"] * 20).split(0.5, 0)[1].items) == 4


def test_some_are_taken():
    assert Labelled(["a", "b", "c"], ["x", "y", "x"]).take(np.array([2])).items == ["c"]
