import csv
import json

import numpy as np
import pytest

from tuwen import classes
from tuwen.classes.probe import Probe
from tuwen.classifying import classify, learn, write
from tuwen.errors import InputError

WORDS = {"体育": "球赛胜负队员主场", "股票": "股市涨跌券商指数"}


def titles(count, seed=0):
    random = np.random.default_rng(seed)
    return [
        ("".join(random.choice(list(WORDS[name]), 6)), name)
        for name in (("体育", "股票")[place % 2] for place in range(count))
    ]


def table(path, rows, header=("title", "class")):
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


@pytest.fixture
def source(tmp_path):
    return table(tmp_path / "titles.csv", titles(60))


def test_a_tenth_is_held_out_and_all_are_learned_from(source, tmp_path):
    done = learn(source, tmp_path / "news")
    assert done.texts == 60 and done.scored.items == 6
    assert done.scored.accuracy == 1
    assert classes.load(tmp_path / "news").classes_ == ["体育", "股票"]


def test_texts_of_the_test_file_are_not_learned_from(source, tmp_path):
    test = table(tmp_path / "test.csv", [*titles(60)[:5], *titles(20, seed=1)])
    done = learn(source, tmp_path / "news", test=test)
    assert done.texts == 55 and done.scored.items == 25
    assert "5 texts stand in" in done.notes[0]


def test_without_a_check_there_are_no_figures(source, tmp_path):
    assert learn(source, tmp_path / "news", share=0).scored is None


def test_texts_that_contradict_each_other_are_listed_and_the_rest_goes_on(tmp_path):
    rows = [*titles(40), ("同一标题", "体育"), ("同一标题", "股票"), ("没有类别", ""), ("", "体育")]
    done = learn(table(tmp_path / "titles.csv", rows), tmp_path / "news")
    assert done.texts == 40
    reasons = " ".join(refusal.reason for refusal in done.refusals)
    assert "'同一标题' stands with '体育' and '股票'" in reasons and "no class" in reasons


def test_a_folder_of_something_else_is_left_alone(source, tmp_path):
    with pytest.raises(InputError, match="holds something else"):
        learn(source, tmp_path)
    learn(source, tmp_path / "news")
    assert learn(source, tmp_path / "news").texts == 60  # its own it may write over


def test_every_text_gets_a_class_and_known_ones_are_scored(source, tmp_path):
    learn(source, tmp_path / "news")
    rows = [*titles(9, seed=2), ("胜负球赛", "股票")]
    found = classify(table(tmp_path / "new.csv", rows), tmp_path / "news", why=3)
    assert found.scored.items == 10 and found.scored.accuracy == 0.9
    last = list(found.rows())[-1]
    assert last["class"] == "体育" and last["label"] == "股票" and last["probability"] > 0.5
    assert "球" in last["why"]


def test_a_text_file_has_a_text_a_line_and_no_labels(source, tmp_path):
    learn(source, tmp_path / "news")
    (tmp_path / "new.txt").write_text("球赛胜负\n股市指数\n", encoding="utf-8")
    found = classify(tmp_path / "new.txt", tmp_path / "news")
    rows = list(found.rows())
    assert [row["class"] for row in rows] == ["体育", "股票"]
    assert found.scored is None and "label" not in rows[0] and "why" not in rows[0]


def test_what_is_written_is_what_was_found(source, tmp_path):
    learn(source, tmp_path / "news")
    found = classify(source, tmp_path / "news")
    write(found, tmp_path / "found.csv")
    write(found, tmp_path / "found.jsonl")
    with (tmp_path / "found.csv").open(encoding="utf-8") as stream:
        assert [row["class"] for row in csv.DictReader(stream)] == [row["class"] for row in found.rows()]
    lines = (tmp_path / "found.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == list(found.rows())
    with pytest.raises(InputError, match=r"\.csv or \.jsonl"):
        write(found, tmp_path / "found.xlsx")


def test_a_classifier_of_vectors_is_refused(tmp_path, source):
    Probe().fit(np.eye(4), ["a", "a", "b", "b"]).save(tmp_path / "probe")
    with pytest.raises(InputError, match="classifies vectors"):
        classify(source, tmp_path / "probe")


def test_a_file_without_texts_is_refused(source, tmp_path):
    learn(source, tmp_path / "news")
    empty = table(tmp_path / "empty.csv", [(" ", "体育")])
    with pytest.raises(InputError, match="no texts"):
        classify(empty, tmp_path / "news")


def test_a_share_beyond_all_is_refused(source, tmp_path):
    with pytest.raises(InputError, match="below 1"):
        learn(source, tmp_path / "news", share=1.0)
