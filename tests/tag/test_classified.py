"""A trained classifier as a tagger: of vectors, and of the texts that belong to pictures."""

import numpy as np
import pytest

from tuwen.classes.probe import Probe
from tuwen.classes.titles import Titles
from tuwen.errors import InputError
from tuwen.tag import Vocabulary, tag


@pytest.fixture
def probe(tiny_collection, tmp_path):
    """A probe of warm and cold colours, learned from half of the pictures."""
    warm = {"red", "yellow", "purple"}
    ids = [name for name in tiny_collection.ids("image") if name.endswith("0")]
    names = ["warm" if name[:-2] in warm else "cold" for name in ids]
    Probe(strength=1.0).fit(tiny_collection.vectors("image", ids), names).save(tmp_path / "probe")
    return tmp_path / "probe"


@pytest.fixture
def titles(tmp_path):
    """A classifier of texts that tells red from blue."""
    texts = ["a red picture", "红色的图片", "red thing"] * 4 + [
        "a blue picture",
        "蓝色的图片",
        "blue thing",
    ] * 4
    Titles().fit(texts, ["R"] * 12 + ["B"] * 12).save(tmp_path / "titles")
    return tmp_path / "titles"


def test_a_classifier_of_vectors_tags_and_is_measured(tiny_collection, probe):
    for identifier in tiny_collection.ids("image"):
        warm = identifier.split("-")[0] in {"red", "yellow", "purple"}
        tiny_collection.update("image", identifier, metadata={"heat": "warm" if warm else "cold"})
    done = tag(tiny_collection, classifier=probe, examples="heat", held_out=0.3)
    assert done.method == "classifier" and done.learned == 0 and done.calibrated
    assert done.evaluation.figures["items"] == 16 and done.evaluation.figures["accuracy"] > 0.9


def test_a_classifier_of_texts_reads_those_of_the_same_thing(tiny_collection, titles):
    done = tag(tiny_collection, classifier=titles)
    found = dict(zip(done.ids, done.tags, strict=True))
    assert found["red-0"][0][0] == "R" and found["blue-0"][0][0] == "B"
    assert found["red-1"] == []  # it has no text


def test_its_classes_may_stand_in_a_tree(tiny_collection, titles):
    done = tag(tiny_collection, Vocabulary.of(["colour/R", "colour/B", "other"]), classifier=titles)
    assert [name for name, _ in dict(zip(done.ids, done.tags, strict=True))["red-0"]] == ["R", "colour"]


def test_labels_that_lack_one_of_its_classes_are_refused(tiny_collection, titles):
    with pytest.raises(InputError, match="gives 'B', which is none of the labels"):
        tag(tiny_collection, ["R", "other"], classifier=titles)


def test_vectors_of_another_width_are_refused(tiny_collection, tmp_path):
    Probe().fit(np.eye(3), ["a", "b", "c"]).save(tmp_path)
    with pytest.raises(InputError, match="vectors of width 3"):
        tag(tiny_collection, classifier=tmp_path)


def test_without_texts_a_classifier_of_texts_is_refused(tiny_collection, titles):
    tiny_collection.delete("text", tiny_collection.ids("text"))
    with pytest.raises(InputError, match="has none beside its pictures"):
        tag(tiny_collection, classifier=titles)


@pytest.mark.parametrize(("given", "said"), [
    ({"most": 2}, "leave method and most out"),
    ({"method": "probe", "examples": "label"}, "leave method and most out"),
    ({"examples": "label"}, "only measure a classifier"),
])  # fmt: skip
def test_what_does_not_go_with_a_classifier_is_said(tiny_collection, probe, given, said):
    with pytest.raises(InputError, match=said):
        tag(tiny_collection, classifier=probe, **given)
