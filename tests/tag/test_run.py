"""Tagging a collection, from labels or examples to tags."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from tuwen.collection import Collection
from tuwen.errors import InputError
from tuwen.tag import Vocabulary, tag

COLOURS = ["red", "green", "blue", "yellow", "purple", "cyan", "black", "white"]


@pytest.fixture
def examples(tmp_path):
    """A CSV file of ids and labels."""

    def made(rows):
        path = tmp_path / "examples.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([("id", "label"), *rows])
        return str(path)

    return made


def first(done):
    return {identifier: tags[0][0] for identifier, tags in zip(done.ids, done.tags, strict=True) if tags}


def test_words_of_both_languages_find_their_pictures(tiny_collection):
    done = tag(tiny_collection, [*COLOURS[:4], "紫", "青", "黑", "白"])
    found = first(done)
    assert found["red-0"] == found["red-1"] == "red" and found["purple-1"] == "紫"
    assert not done.calibrated and "not calibrated" in done.notes[0]
    assert done.paths[done.ids.index("red-0")].endswith("red-0.png")


def test_a_filter_says_which_pictures_are_tagged(tiny_collection):
    done = tag(tiny_collection, COLOURS, where="number = 1")
    assert len(done.ids) == 8 and all(identifier.endswith("-1") for identifier in done.ids)


@pytest.mark.parametrize("method", ["probe", "neighbours"])
def test_examples_teach_labels_that_no_word_says(tiny_collection, examples, method):
    warm = {"red", "yellow", "purple", "white"}
    path = examples([(f"{one}-0", "one" if one in warm else "two") for one in COLOURS])
    done = tag(tiny_collection, examples=path, method=method)
    assert {i: name for i, name in first(done).items() if i.endswith("-1")} == {
        f"{one}-1": "one" if one in warm else "two" for one in COLOURS
    }
    assert done.learned == 8 and done.calibrated


def test_the_labels_of_some_items_teach_the_others(tiny_collection):
    for one in COLOURS:
        tiny_collection.update("image", f"{one}-1", label=None)
    done = tag(tiny_collection, examples="label", method="neighbours", where="label is null")
    assert first(done) == {f"{one}-1": one for one in COLOURS}


def test_what_is_held_out_is_measured_and_not_learned_from(tiny_collection, examples):
    dark = {"blue", "black", "purple", "green"}
    rows = [(f"{one}-{n}", "dark" if one in dark else "light") for one in COLOURS for n in range(2)]
    done = tag(tiny_collection, examples=examples(rows), held_out=0.5, seed=1)
    assert len(done.evaluation.ids) == 8 and sorted(set(done.evaluation.rows)) == ["dark", "light"]
    assert done.learned == 16
    again = tag(tiny_collection, examples=examples(rows), held_out=0.5, seed=1)
    assert again.evaluation.ids == done.evaluation.ids


def test_what_is_held_out_depends_on_no_order(tiny_collection, examples):
    rows = [(f"{one}-{n}", "dark" if one < "d" else "light") for one in COLOURS for n in range(2)]
    one = tag(tiny_collection, ["dark", "light"], examples=examples(rows), held_out=0.4)
    other = tag(tiny_collection, ["light", "dark"], examples=examples(rows[::-1]), held_out=0.4)
    assert sorted(one.evaluation.ids) == sorted(other.evaluation.ids)


def test_the_example_of_the_page_runs(tiny_collection, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tuwen.open", lambda path: tiny_collection)
    page = Path(__file__).resolve().parents[2] / "docs" / "tag.md"
    (block,) = re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    exec(compile(block, "docs/tag.md", "exec"), {})
    assert list(tiny_collection.items("image", "topic contains 'animal'"))


def test_words_may_be_measured_on_all_examples(tiny_collection):
    done = tag(tiny_collection, examples="colour", method="zero-shot", held_out=1.0)
    assert done.evaluation.figures["items"] == 16 and done.evaluation.figures["accuracy"] == 1
    assert done.learned == 0 and not done.calibrated


def test_a_tree_gives_what_is_above_too(tiny_collection):
    labels = Vocabulary.of(["warm/red", "warm/yellow", "cold/blue", "cold/cyan"])
    done = tag(tiny_collection, labels, where="colour = 'red'")
    assert [[name for name, _ in tags] for tags in done.tags] == [["red", "warm"]] * 2
    assert all(tags[1][1] >= tags[0][1] for tags in done.tags)


def test_what_is_not_probable_enough_gets_no_tag(tiny_collection):
    done = tag(tiny_collection, ["red", "green", "blue"], threshold=0.9)
    found = first(done)
    assert found["red-0"] == "red" and "white-0" not in found


def test_several_labels_learn_their_threshold(tiny_collection, examples):
    rows = [(f"{one}-{n}", one) for one in COLOURS[:4] for n in range(2)]
    rows += [(f"{one}-{n}", "warm") for one in ("red", "yellow") for n in range(2)]
    done = tag(tiny_collection, examples=examples(rows), method="neighbours", most=3)
    assert done.many and 0 < done.threshold < 1
    tags = {i: {name for name, _ in some} for i, some in zip(done.ids, done.tags, strict=True)}
    assert tags["red-0"] == {"red", "warm"} and tags["green-1"] == {"green"}


def test_a_label_with_one_example_is_named_and_goes_on(tiny_collection, examples):
    rows = [("red-0", "warm"), ("red-1", "warm"), ("blue-0", "cold")]
    done = tag(tiny_collection, ["warm", "cold", "grey"], examples=examples(rows))
    assert any("one example" in note and "cold" in note for note in done.notes)
    assert any("never given: grey" in note for note in done.notes)


def test_what_was_left_out_is_listed(tiny_collection, examples):
    rows = [("red-0", "red"), ("red-0", "blue"), ("blue-0", "blue"), ("cyan-0", "cyan"), ("x", "red")]
    done = tag(tiny_collection, ["blue", "cyan", "red", "red"], examples=examples(rows), method="zero-shot")
    assert {refusal.code for refusal in done.refusals} == {"duplicate", "contradiction", "unknown-id"}
    assert done.learned == 2 and len(done.ids) == 16


@pytest.mark.parametrize(("given", "said"), [
    ({}, "nothing to choose from"),
    ({"labels": ["red"]}, "'red' is the only label"),
    ({"labels": ["red", "blue"], "method": "probe"}, "probe learns from labelled examples"),
    ({"labels": ["red", "blue"], "method": "svm"}, "method is 'svm'"),
    ({"labels": ["red", "blue"], "most": 0}, "most is 0"),
    ({"labels": ["red", "blue"], "threshold": 2.0}, "threshold is 2.0"),
    ({"labels": ["red", "blue"], "held_out": 0.3}, "nothing to evaluate with"),
    ({"examples": "label", "held_out": 1.0}, "nothing is left to learn from"),
    ({"labels": ["dog", "cat"], "examples": "label"}, "no example has a usable label"),
    ({"examples": "label", "held_out": 0.2}, "holds none out"),
])  # fmt: skip
def test_what_cannot_work_is_said_before_anything_is_done(tiny_collection, given, said):
    with pytest.raises(InputError, match=said):
        tag(tiny_collection, **given)


def test_a_collection_without_pictures_says_so(tmp_path, tiny_encoder):
    with pytest.raises(InputError, match="no pictures"):
        tag(Collection.create(tmp_path / "empty", encoder=tiny_encoder), ["a", "b"])


def test_without_an_encoder_there_are_no_words_but_examples_do(tmp_path):
    bare = Collection.create(tmp_path / "bare", encoder=None, width=3)
    rows = np.repeat(np.eye(3), 2, axis=0) + 0.01 * np.arange(18).reshape(6, 3)
    bare.add_vectors("image", list("abcdef"), rows, label=["x", "x", "y", "y", None, None])
    with pytest.raises(InputError, match=r"by their words.*--examples"):
        tag(bare, ["x", "y"])
    assert first(tag(bare, examples="label", method="neighbours"))["b"] == "x"
