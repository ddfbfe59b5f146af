"""A second look at the nearest candidates."""

import numpy as np
import pytest

from tiny_sides import pairs_of, side
from tuwen.errors import InputError, TextError
from tuwen.rerank import Reranker
from tuwen.resolve import reranking
from tuwen.resolve.blocking import block
from tuwen.resolve.reranking import rerank_candidates


class Lengths(Reranker):
    """Scores by how near the lengths of two names are; `bad` cannot be read."""

    name = "lengths"

    def __init__(self):
        self.readings = []

    def mark(self, kind):
        return kind

    def read(self, items, kind, ids=()):
        self.readings += ids
        return [
            TextError("bad", f"{item} cannot be read") if item == "bad" else np.array([len(item)])
            for item in items
        ]

    def score(self, query, items, kind):
        return np.array([-abs(int(query[0]) - int(item[0])) for item in items], dtype=np.float32)


LEFT = side(np.eye(3), kind="image", ids=["a", "b", "c"], contents=["xx", "xxxx", "x"])
RIGHT = side(np.eye(3) + 0.1, ids=["p", "q", "r"], contents=["x", "xxxx", "xxx"])


def test_the_nearest_candidates_of_each_left_item_are_scored():
    candidates = block(LEFT, RIGHT, neighbours=3).candidates
    found, refusals = rerank_candidates(LEFT, RIGHT, candidates, Lengths(), depth=1)
    scored = {pair: value for pair, value in zip(pairs_of(candidates), found, strict=True) if value == value}
    assert scored == {(0, 0): -1.0, (1, 1): 0.0, (2, 2): -2.0}
    assert refusals == []


def test_what_cannot_be_read_is_named_once_and_the_rest_is_scored():
    left = side(np.eye(3), kind="image", ids=["a", "b", "c"], contents=["xx", "bad", "x"])
    right = side(np.eye(3), ids=["p", "q", "r"], contents=["bad", "x", "x"])
    candidates = block(left, right, neighbours=3).candidates
    found, refusals = rerank_candidates(left, right, candidates, Lengths(), depth=3)
    assert sorted(refusal.item for refusal in refusals) == ["b", "p"]
    assert int(np.isfinite(found).sum()) == 4


def test_a_reading_is_kept_for_the_next_item(monkeypatch):
    stage = Lengths()
    candidates = block(LEFT, RIGHT, neighbours=3).candidates
    rerank_candidates(LEFT, RIGHT, candidates, stage, depth=3)
    assert sorted(stage.readings) == ["a", "b", "c", "p", "q", "r"]
    monkeypatch.setattr(reranking, "_HELD", 1)
    again = rerank_candidates(LEFT, RIGHT, candidates, Lengths(), depth=3)[0]
    assert again.tolist() == rerank_candidates(LEFT, RIGHT, candidates, Lengths(), depth=3)[0].tolist()


@pytest.mark.parametrize("right", [None, side(np.eye(3), kind="image")])
def test_two_items_of_one_kind_cannot_be_judged(right):
    candidates = block(LEFT, right).candidates
    with pytest.raises(InputError, match="both sides are of one kind"):
        rerank_candidates(LEFT, right, candidates, Lengths())
