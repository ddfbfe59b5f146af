"""Decisions and truth from files."""

import json

import numpy as np
import pytest

from tiny_sides import side
from tuwen.errors import InputError, UnknownName
from tuwen.resolve.base import Candidates
from tuwen.resolve.labels import read_labels, read_truth, to_labels, with_implied

LEFT = side(np.eye(3), ids=["a", "b", "c"], columns={"sku": [1, None, 3]}, labels=["x", "y", None])
RIGHT = side(np.eye(3), ids=["p", "q", "r"], columns={"sku": ["3", "1", None]}, labels=["y", "x", "x"])


def write(folder, text, name="labels.csv"):
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_answers_are_read_in_both_languages(tmp_path):
    file = write(tmp_path, "left,right,match\na,p,1\na,q,no\nb,p,是\nb,q,不匹配\nc,r,\n")
    found, refusals = read_labels(file)
    assert found == [("a", "p", True), ("a", "q", False), ("b", "p", True), ("b", "q", False)]
    assert refusals == []


def test_pairs_without_answers_are_matches(tmp_path):
    assert read_labels(write(tmp_path, "left_id,right_id\na,p\n"))[0] == [("a", "p", True)]


def test_an_answer_that_is_none_is_named(tmp_path):
    found, (refusal,) = read_labels(write(tmp_path, "left,right,match\na,p,perhaps\n"))
    assert found == []
    assert "labels.csv:2: 'perhaps' is neither yes nor no" in refusal.reason


def test_decisions_of_the_review_page_are_labels(tmp_path):
    table = write(tmp_path, "left,right,decision\na,p,match\na,q,no match\n")
    assert read_labels(table)[0] == [("a", "p", True), ("a", "q", False)]
    decisions = {"decisions": [{"left": "a", "right": "p", "match": True}]}
    assert read_labels(write(tmp_path, json.dumps(decisions), "d.json"))[0] == [("a", "p", True)]


def test_a_file_without_the_columns_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no column right; it has left, other"):
        read_labels(write(tmp_path, "left,other\na,p\n"))
    with pytest.raises(InputError, match="is not there"):
        read_labels(tmp_path / "none.csv")


def test_labels_become_rows():
    found = to_labels([("b", "r", True), ("a", "p", False)], LEFT, RIGHT)
    assert (found.left.tolist(), found.right.tolist(), found.match.tolist()) == (
        [0, 1],
        [0, 2],
        [False, True],
    )


def test_two_answers_to_one_pair_count_for_neither_and_are_named():
    found = to_labels([("a", "p", True), ("a", "p", False), ("b", "q", True)], LEFT, RIGHT)
    assert found.left.tolist() == [1]
    (refusal,) = found.contradictions
    assert (refusal.code, refusal.item) == ("contradiction", "a p")


def test_an_answer_given_twice_counts_once():
    assert len(to_labels([("a", "p", True), ("a", "p", True)], LEFT, RIGHT)) == 1


def test_ids_that_are_not_there_are_named():
    found = to_labels([("a", "zz", True)], LEFT, RIGHT)
    assert len(found) == 0
    assert found.contradictions[0].reason == "the label of a and zz names zz, which is not there"


def test_within_one_side_the_order_does_not_matter():
    found = to_labels([("c", "a", True), ("a", "c", True), ("b", "b", True)], LEFT)
    assert (found.left.tolist(), found.right.tolist()) == ([0], [2])
    assert [refusal.code for refusal in found.contradictions] == ["same-item"]


def pairs(truth):
    return list(zip(truth.left.tolist(), truth.right.tolist(), strict=True))


def test_the_truth_is_a_file_or_what_both_sides_have_in_common(tmp_path):
    file = write(tmp_path, "left,right,match\na,q,1\nb,p,0\nc,zz,1\n")
    truth, refusals = read_truth(str(file), LEFT, RIGHT)
    assert pairs(truth) == [(0, 1)]
    assert [refusal.code for refusal in refusals] == ["unknown-id"]
    assert pairs(read_truth("sku", LEFT, RIGHT)[0]) == [(0, 1), (2, 0)]
    assert pairs(read_truth("label", LEFT, RIGHT)[0]) == [(0, 1), (0, 2), (1, 0)]
    assert pairs(read_truth("id", LEFT, LEFT)[0]) == [(0, 0), (1, 1), (2, 2)]


def test_entities_of_the_source_are_a_truth():
    left = side(np.eye(2), entities=["e", None])
    assert pairs(read_truth("entity", left, left)[0]) == [(0, 0)]


def test_a_truth_that_is_no_column_is_named():
    with pytest.raises(UnknownName, match=r"'skuu'.*did you mean 'sku'"):
        read_truth("skuu", LEFT, RIGHT)


def test_other_candidates_of_a_matched_item_are_none_where_it_has_one_partner():
    candidates = Candidates.of(np.repeat(np.arange(3), 3), np.tile(np.arange(3), 3), (3, 3))
    labels = to_labels([("a", "q", True), ("c", "r", False)], LEFT, RIGHT)

    def others(**once):
        found = with_implied(labels, candidates, **once)
        assert found.match.tolist() == [True, False] + [False] * (len(found) - 2)
        return list(zip(found.left[2:].tolist(), found.right[2:].tolist(), strict=True))

    assert others(left_once=True, right_once=False) == [(0, 0), (0, 2)]
    assert others(left_once=False, right_once=True) == [(1, 1), (2, 1)]
    assert others(left_once=True, right_once=True) == [(0, 0), (0, 2)]
    assert others(left_once=False, right_once=False) == []


def test_within_one_side_an_item_is_gone_by_where_it_stands_on_the_left():
    candidates = Candidates.of(np.array([0, 0, 1]), np.array([1, 2, 2]), (3, 3), same=True)
    found = with_implied(to_labels([("a", "b", True)], LEFT), candidates, left_once=True, right_once=True)
    assert list(zip(found.left[1:].tolist(), found.right[1:].tolist(), strict=True)) == [(0, 2)]
