"""What the steps of resolving hand on."""

import numpy as np
import pytest

from tiny_sides import pairs_of
from tuwen.errors import InputError
from tuwen.resolve.base import Candidates, Evidence, Labels, Truth


def test_candidates_come_by_row_and_each_once():
    made = Candidates.of(np.array([2, 0, 2]), np.array([1, 3, 1]), (3, 4))
    assert pairs_of(made) == [(0, 3), (2, 1)]
    assert made.total == 12


def test_within_one_side_pairs_are_turned_and_none_is_with_itself():
    made = Candidates.of(np.array([2, 0, 1, 0]), np.array([0, 2, 1, 1]), (3, 3), same=True)
    assert pairs_of(made) == [(0, 1), (0, 2)]
    assert made.total == 3


def test_pairs_are_found_again_among_candidates():
    made = Candidates.of(np.array([0, 1, 2]), np.array([1, 2, 0]), (3, 3))
    assert made.rows_of(np.array([2, 0, 1]), np.array([0, 0, 2])).tolist() == [2, -1, 1]
    turned = Candidates.of(np.array([0]), np.array([2]), (3, 3), same=True)
    assert turned.rows_of(np.array([2]), np.array([0])).tolist() == [0]


def test_nothing_is_found_among_no_candidates():
    made = Candidates.of(np.array([]), np.array([]), (0, 3))
    assert made.total == 0
    assert made.rows_of(np.array([0]), np.array([1])).tolist() == [-1]


def test_the_truth_of_entities_has_every_pair_of_equal_names_and_none_for_the_unknown():
    truth = Truth.of_entities(["x", None, "y"], ["y", "x", None, "x"])
    assert list(zip(truth.left, truth.right, strict=True)) == [(0, 1), (0, 3), (2, 0)]


def test_the_truth_within_one_side_has_each_pair_once():
    names = ["x", "y", "x", None, "x"]
    truth = Truth.of_entities(names, names, same=True)
    assert list(zip(truth.left, truth.right, strict=True)) == [(0, 2), (0, 4), (2, 4)]


def test_no_truth_is_a_truth():
    assert len(Truth.of([])) == 0


def test_evidence_is_taken_by_name():
    evidence = Evidence(("one", "two"), np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert evidence["two"].tolist() == [2.0, 4.0]


def test_labels_that_do_not_align_are_refused():
    with pytest.raises(InputError, match="must align"):
        Labels(np.array([0]), np.array([0, 1]), np.array([True]))
