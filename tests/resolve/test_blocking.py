"""The few pairs that are worth a look."""

import numpy as np
import pytest

from tiny_sides import noisy, pairs_of, side
from tuwen.errors import InputError, UnknownName
from tuwen.resolve import blocking
from tuwen.resolve.base import Truth
from tuwen.resolve.blocking import block

AXES = np.eye(4)


def test_each_item_meets_its_nearest_of_the_other_side():
    left, right = side(AXES[:2]), side([AXES[1], AXES[0] + 0.1 * AXES[2], AXES[3]])
    found = block(left, right, neighbours=1)
    # the third of the right side has no neighbour that is near; it meets the first of equal ones
    assert pairs_of(found.candidates) == [(0, 1), (0, 2), (1, 0)]
    assert found.sizes == {"neighbours": 3}


def test_reduction_and_completeness_are_shares_of_all_and_of_true_pairs():
    left, right = noisy(40)
    found = block(left, right, neighbours=1)
    truth = Truth.of((row, row) for row in range(40))
    assert found.reduction == 1 - len(found.candidates) / 1600
    assert found.completeness(truth) == np.mean(
        [(row, row) in pairs_of(found.candidates) for row in range(40)]
    )
    assert np.isnan(found.completeness(Truth.of([])))


def test_one_side_is_searched_for_pairs_of_its_own():
    found = block(side([AXES[0], AXES[1], AXES[0] + 0.1 * AXES[1]]), neighbours=1)
    assert pairs_of(found.candidates) == [(0, 2), (1, 2)]


def test_an_item_without_a_vector_is_nobodys_neighbour():
    found = block(side([AXES[0], 0 * AXES[1]]), side([0 * AXES[0], AXES[0]]), neighbours=2)
    assert pairs_of(found.candidates) == [(0, 1)]


def test_equal_values_make_candidates_whatever_their_case_and_width():
    left = side(AXES[:3], columns={"brand": ["Ａcme", None, "Zeta"]})
    right = side(AXES[:3], columns={"brand": ["zeta.", "ACME", None]})
    found = block(left, right, neighbours=0, keys=["brand"])
    assert pairs_of(found.candidates) == [(0, 1), (2, 0)]


def test_ways_of_blocking_are_joined():
    left, right = side(AXES[:2], columns={"k": [1, 2]}), side(AXES[:2], columns={"k": [2, 9]})
    found = block(left, right, neighbours=1, keys=["k"])
    assert pairs_of(found.candidates) == [(0, 0), (1, 0), (1, 1)]
    assert found.sizes == {"neighbours": 2, "k": 1}


def test_a_value_that_too_many_share_is_named_and_makes_no_block(monkeypatch):
    monkeypatch.setattr(blocking, "CROWD", 2)
    left = side(np.ones((3, 2)), columns={"k": ["x", "x", "x"]})
    found = block(left, side(AXES[:1, :2], columns={"k": ["x"]}), neighbours=0, keys=["k"])
    assert len(found.candidates) == 0
    assert found.crowded == ["k 'x'"]


def test_the_largest_blocks_go_when_there_would_be_too_many_pairs(monkeypatch):
    monkeypatch.setattr(blocking, "PAIRS", 2)
    left = side(np.ones((3, 2)), columns={"k": ["x", "y", "y"]})
    found = block(left, side(AXES[:2, :2], columns={"k": ["y", "x"]}), neighbours=0, keys=["k"])
    assert pairs_of(found.candidates) == [(0, 1)]
    assert found.crowded == ["k 'y'"]


def test_within_a_label_neighbours_are_looked_for_in_it():
    left = side([AXES[0], AXES[1]], labels=["cat", "dog"])
    right = side([AXES[0], AXES[0], AXES[1]], labels=["dog", "cat", None])
    found = block(left, right, neighbours=3, within="label")
    assert pairs_of(found.candidates) == [(0, 1), (1, 0)]


def test_within_holds_for_key_columns_too():
    left = side(AXES[:1], columns={"k": ["x"]}, labels=["cat"])
    right = side(AXES[:2], columns={"k": ["x", "x"]}, labels=["cat", "dog"])
    assert pairs_of(block(left, right, neighbours=0, keys=["k"], within="label").candidates) == [(0, 0)]


def test_an_index_finds_what_comparing_everything_finds():
    left, right = noisy(60)
    exact = block(left, right, neighbours=3, approximate=False)
    assert pairs_of(block(left, right, neighbours=3, approximate=True).candidates) == pairs_of(
        exact.candidates
    )
    alone = block(left, neighbours=3, approximate=False)
    assert pairs_of(block(left, neighbours=3, approximate=True).candidates) == pairs_of(alone.candidates)


def test_an_empty_side_has_no_candidates():
    left = side(np.empty((0, 4)), ids=["unused"][:0])
    found = block(left, side(AXES))
    assert len(found.candidates) == 0
    assert found.reduction == 0.0


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(UnknownName, match="'brand'"):
        block(side(AXES), side(AXES), keys=["brand"])


@pytest.mark.parametrize(("neighbours", "said"), [(0, "nothing to block on"), (-1, "must be 0 or more")])
def test_nothing_to_block_on_is_an_error(neighbours, said):
    with pytest.raises(InputError, match=said):
        block(side(AXES), side(AXES), neighbours=neighbours)
