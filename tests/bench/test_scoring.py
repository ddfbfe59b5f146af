from dataclasses import replace

import numpy as np
import pytest

from tuwen import methods
from tuwen.bench import scoring
from tuwen.bench.loading import prepare
from tuwen.bench.scoring import score
from tuwen.errors import InputError
from tuwen.metrics import by_labels, mean_ap


@pytest.fixture
def ready(cell, cut_as, halves):
    """Makes a cell with its material and its fitted method."""
    cut_as(**halves)

    def make(name, params=None, **more):
        made = cell(name, params or {}, **more)
        material = prepare(made)
        return made, methods.find(name)(**made.params).fit(*material.train.aligned), material

    return make


def expected(method, asked, items):
    """mAP both ways of whole matrices."""
    i2t = method.similarity(asked.images, items.texts)
    t2i = method.similarity(items.images, asked.texts).T
    relevant = by_labels(asked.labels, items.labels)
    return [mean_ap(i2t, relevant).value, mean_ap(t2i, relevant).value]


@pytest.mark.parametrize(
    ("name", "params"), [("cca", {"dim": 2}), ("hsnn", {}), ("jrl", {}), ("scm_hash", {"bits": 16})]
)
@pytest.mark.parametrize("database", ["part", "train"])
def test_figures_are_those_of_the_whole_matrix(ready, name, params, database):
    codes = "modality" if "bits" in params else "vectors"
    cell, method, material = ready(name, params, database=database, codes=codes)
    found = score(cell, method, material)
    values = [found.figures["i2t/map"], found.figures["t2i/map"]]
    np.testing.assert_allclose(values, expected(method, material.asked, material.items), atol=1e-6)


@pytest.mark.parametrize("database", ["part", "train"])
def test_blocks_of_pairs_give_what_all_pairs_at_once_give(ready, monkeypatch, database):
    cell, method, material = ready("hsnn", database=database)
    whole = score(cell, method, material)
    monkeypatch.setattr(scoring, "_WHOLE", 0)
    monkeypatch.setattr(scoring, "_BLOCK", 60)
    blocks = score(cell, method, material)
    np.testing.assert_allclose(blocks.values["i2t/map"], whole.values["i2t/map"], atol=1e-6)
    np.testing.assert_allclose(blocks.values["t2i/map"], whole.values["t2i/map"], atol=1e-6)


def test_what_depends_on_the_other_items_is_scored_at_once(ready, monkeypatch):
    cell, method, material = ready("cmcp", {"neighbours": 5}, options={"mode": "transductive"})
    seen = []
    plain = method.similarity
    method.similarity = lambda images, texts, mode: seen.append(mode) or plain(images, texts, mode)
    monkeypatch.setattr(scoring, "_WHOLE", 0)
    found = score(cell, method, material)
    assert seen == ["transductive"]
    assert "mode=transductive" in found.protocols["i2t/map"]


def test_fused_codes_are_those_of_both_modalities(ready):
    cell, method, material = ready("cmfh", {"bits": 16}, database="train", codes="fused")
    items = method.database_codes(material.train.images, material.train.texts)
    queries = method.transform(material.asked.texts, "text")
    bits = [np.where(np.unpackbits(codes, axis=1), 1.0, -1.0) for codes in (queries, items)]
    relevant = by_labels(material.asked.labels, material.train.labels)
    found = score(cell, method, material)
    assert found.figures["t2i/map"] == pytest.approx(mean_ap(bits[0] @ bits[1].T, relevant).value)
    assert "items coded from both of their modalities" in found.protocols["t2i/map"]


def test_training_codes_are_those_that_training_learned(ready):
    cell, method, material = ready("smfh", {"bits": 8}, database="train", codes="training")
    one = score(cell, method, material)
    method.training_codes_ = np.zeros_like(method.training_codes_)  # all alike: only chance is left
    other = score(cell, method, material)
    assert one.figures["i2t/map"] > other.figures["i2t/map"]
    assert other.figures["i2t/map"] == pytest.approx(other.chance["i2t/map"])


@pytest.mark.parametrize(
    ("name", "params", "more", "message"),
    [
        ("cca", {"dim": 2}, {"codes": "fused"}, "cca gives no hash codes"),
        ("scm_hash", {"bits": 8}, {"codes": "training", "database": "train"}, "scm_hash learns none"),
        ("smfh", {"bits": 8}, {"codes": "training", "database": "part"}, "other items are searched"),
        ("scm_hash", {"bits": 8}, {"codes": "fused"}, "SCMHash codes each modality on its own"),
    ],
)
def test_codes_that_a_method_does_not_have_are_refused(ready, name, params, more, message):
    cell, method, material = ready(name, params, **more)
    with pytest.raises(InputError, match=message):
        score(cell, method, material)


def test_several_figures_have_values_of_queries_chance_and_curves(ready):
    metrics = ("map", "recall@5", "rank")
    cell, method, material = ready("cca", {"dim": 2}, metrics=metrics)
    found = score(cell, method, material)
    assert set(found.figures) == {f"{way}/{name}" for way in ("i2t", "t2i") for name in metrics}
    assert all(len(values) == 20 for values in found.values.values())
    assert found.chance["i2t/map"] < found.figures["i2t/map"]
    precision, recall = found.curves["t2i"]
    assert recall[-1] == 1
    assert len(precision) == 20
    assert found.code_seconds > 0


def test_nothing_true_at_all_is_refused(ready):
    cell, method, material = ready("cca", {"dim": 2})
    other = replace(material.asked, labels=material.asked.labels + 10)
    with pytest.raises(InputError, match="no query of i2t has a true item"):
        score(cell, method, replace(material, asked=other, items=material.train))


@pytest.mark.parametrize("ties", ["best", "worst", "stable"])
def test_chance_is_that_of_a_guess_whatever_becomes_of_ties(ready, ties):
    expected = score(*ready("cca", {"dim": 2})).chance
    assert score(*ready("cca", {"dim": 2}, ties=ties)).chance == pytest.approx(expected)
