"""Questions paired with items, no item twice."""

import numpy as np
import pytest

from tuwen import Collection, one_to_one
from tuwen.errors import InputError, UnknownName
from tuwen.one_to_one import pair

# the second question likes item a almost as much as the first does, and likes nothing else
QUERIES = np.array([[1, 0, 0], [0.9, 0.1, 0], [0, 0, 1]], dtype=np.float32)


@pytest.fixture
def three(tmp_path):
    """Three items along the axes, and one whose file has vanished."""
    made = Collection.create(tmp_path / "three", encoder=None, width=3, dtype="float32")
    made.add_vectors("image", ["a", "b", "c"], np.eye(3, dtype=np.float32))
    gone = np.array([[1, 0.01, 0]], dtype=np.float32)
    made.add_vectors("image", ["gone"], gone, path=["/nowhere/gone.png"], missing=[True])
    return made


def test_mutual_keeps_those_that_are_each_others_best(three):
    found = pair(three, QUERIES, "image")
    assert [(each.row, each.id) for each in found] == [(0, "a"), (2, "c")]
    assert [each.score for each in found] == pytest.approx([1, 1])


def test_optimal_gives_every_question_an_item_of_its_own(three):
    found = pair(three, QUERIES, "image", "optimal")
    assert [(each.row, each.id) for each in found] == [(0, "a"), (1, "b"), (2, "c")]
    assert found[1].score == pytest.approx(0.1 / np.hypot(0.9, 0.1))


def test_more_questions_than_items_leave_some_without(three):
    many = np.concatenate([QUERIES, QUERIES])
    assert len(pair(three, many, "image", "optimal")) == 3
    assert {each.id for each in pair(three, many, "image")} == {"a", "c"}


def test_no_questions_and_no_items_give_no_pairs(three):
    assert pair(three, QUERIES, "text") == [] == pair(three, QUERIES, "text", "optimal")
    assert pair(three, QUERIES[:0], "image") == []


def test_too_many_and_unknown_ways_are_said_with_what_to_do(three, monkeypatch):
    monkeypatch.setattr(one_to_one, "MOST", 8)
    with pytest.raises(InputError, match=r"3 questions and 4 images are too many.*mutual"):
        pair(three, QUERIES, "image", "optimal")
    with pytest.raises(UnknownName, match="optimal"):
        pair(three, QUERIES, "image", "optimum")
    with pytest.raises(InputError, match="3"):
        pair(three, QUERIES[:, :2], "image")
