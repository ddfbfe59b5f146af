"""Classes by the nearest examples."""

import math

import numpy as np
import pytest

from tuwen import classes
from tuwen.classes import neighbours
from tuwen.classes.neighbours import Neighbours
from tuwen.errors import Damaged, InputError
from tuwen.saved import read, write


def around(corners, count, spread, seed=0):
    random = np.random.default_rng(seed)
    rows = np.repeat(np.asarray(corners, dtype=float), count, axis=0)
    return (rows + random.normal(0, spread, rows.shape)).astype(np.float32)


def test_votes_are_weighed_by_the_formula():
    # cosines of the query (1, 0) with the examples: 1, 0.6 and 0
    known = Neighbours(k=2, temperature=0.4).fit(np.array([[1, 0], [0.6, 0.8], [0, 1]]), ["a", "b", "b"])
    first, second = 1.0, math.exp(-1)
    total = first + second + 1
    expected = [(first + 1 / 3) / total, (second + 2 / 3) / total]
    np.testing.assert_allclose(known.probabilities(np.array([[5.0, 0]]))[0], expected, rtol=1e-6)


def test_more_neighbours_are_taken_where_single_ones_mislead():
    vectors = around([[1, 0, 0], [0, 1, 0]], 30, 0.1)
    names = ["left"] * 30 + ["right"] * 30
    wrong = names.copy()
    wrong[::6] = ["right" if name == "left" else "left" for name in wrong[::6]]
    known = Neighbours().fit(vectors, wrong)
    assert known.k_ > 3
    assert known.predict(around([[1, 0, 0], [0, 1, 0]], 5, 0.1, seed=9)) == ["left"] * 5 + ["right"] * 5


def test_classes_of_one_example_still_answer():
    known = Neighbours().fit(np.eye(3), ["a", "b", "c"])
    assert known.k_ == 1
    assert known.predict(np.eye(3)) == ["a", "b", "c"]


def test_more_neighbours_than_examples_are_all_of_them():
    assert Neighbours(k=99).fit(np.eye(3), ["a", "b", "c"]).k_ == 3


def test_blocks_answer_as_one_does(monkeypatch):
    vectors = around(np.eye(3), 20, 0.3)
    names = np.repeat(["a", "b", "c"], 20).tolist()
    whole = Neighbours().fit(vectors, names)
    expected = whole.probabilities(vectors)
    monkeypatch.setattr(neighbours, "BLOCK", 7 * 60)
    parts = Neighbours().fit(vectors, names)
    assert parts.k_ == whole.k_
    np.testing.assert_allclose(parts.probabilities(vectors), expected, atol=1e-6)


def test_what_is_kept_answers_the_same(tmp_path):
    known = Neighbours().fit(around(np.eye(2), 5, 0.1), ["a"] * 5 + ["b"] * 5)
    known.save(tmp_path)
    again = classes.load(tmp_path)
    assert again.predict(np.eye(2)) == ["a", "b"]


def test_an_example_of_no_class_is_damaged(tmp_path):
    Neighbours().fit(np.eye(2), ["a", "b"]).save(tmp_path)
    saved = read(tmp_path, "classes")
    saved.state["numbers_"] = np.array([0, 7])
    write(tmp_path, saved, "classes")
    with pytest.raises(Damaged, match="no class"):
        classes.load(tmp_path)


@pytest.mark.parametrize("wrong", [{"k": 0}, {"temperature": 0.0}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        Neighbours(**wrong)
