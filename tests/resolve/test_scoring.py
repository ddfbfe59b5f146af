"""What speaks for and against a pair."""

import numpy as np
import pytest

from tiny_sides import side
from tuwen.errors import UnknownName
from tuwen.resolve.base import Candidates
from tuwen.resolve.scoring import ABOVE, LEADS, RANKS, SIMILARITY, WORDS, places_among, score, standing

GRID = Candidates.of(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), (2, 2))
COSINES = np.array([0.9, 0.5, 0.2, 0.6], dtype=np.float32)


def test_ranks_count_from_the_best_of_either_side():
    found = standing(COSINES, GRID)
    assert (2.0 ** -found[RANKS[0]]).tolist() == [1, 2, 2, 1]
    assert (2.0 ** -found[RANKS[1]]).tolist() == [1, 2, 2, 1]


def test_leads_are_the_distance_to_the_best_other():
    found = standing(COSINES, GRID)
    assert found[LEADS[0]] == pytest.approx([0.4, -0.4, -0.4, 0.4], abs=1e-6)
    assert found[LEADS[1]] == pytest.approx([0.7, -0.1, -0.7, 0.1], abs=1e-6)


def test_above_neighbours_takes_off_what_both_items_have_with_everything():
    found = standing(COSINES, GRID)
    # item means: left .7 and .4, right .55 and .55
    assert found[ABOVE] == pytest.approx([1.8 - 1.25, 1.0 - 1.25, 0.4 - 0.95, 1.2 - 0.95], abs=1e-6)


def test_equal_similarities_share_the_better_place():
    assert places_among(np.array([0, 0, 0, 1]), np.array([0.5, 0.7, 0.5, 0.1])).tolist() == [2, 1, 2, 1]


def test_a_pair_without_rivals_has_no_lead():
    alone = Candidates.of(np.array([0]), np.array([0]), (1, 1))
    assert standing(np.array([0.4]), alone)[LEADS[0]].tolist() == [0.0]


def test_within_one_side_the_order_of_a_pair_does_not_matter():
    vectors = np.array([[1, 0], [0.9, 0.3], [0, 1]])
    found = score(side(vectors), None, Candidates.of(np.array([0, 1]), np.array([1, 2]), (3, 3), same=True))
    turned = score(
        side(vectors[::-1]), None, Candidates.of(np.array([1, 0]), np.array([2, 1]), (3, 3), same=True)
    )
    numbers = [found.names.index(name) for name in (SIMILARITY, ABOVE, *RANKS, *LEADS)]
    assert found.values[:, numbers] == pytest.approx(turned.values[::-1][:, numbers], abs=1e-6)


def test_what_has_no_vector_has_no_standing():
    left, right = side([[1, 0], [0, 0]], kind="image"), side([[1, 0], [0, 1]])
    found = score(left, right, GRID)
    assert np.isnan(found[SIMILARITY]).tolist() == [False, False, True, True]
    assert np.isnan(found[RANKS[0]]).tolist() == [False, False, True, True]


def test_letters_are_compared_between_two_texts_only():
    texts = side(np.eye(2), contents=["red kite", "heron"])
    assert score(texts, texts, GRID)[WORDS] == pytest.approx([1, 0, 0, 1], abs=1e-6)
    assert WORDS not in score(side(np.eye(2), kind="image"), texts, GRID).names


def test_columns_of_both_sides_are_evidence():
    left = side(np.eye(2), kind="image", columns={"year": [2001, 2002], "own": [1, 2]})
    right = side(np.eye(2), columns={"year": [2001, 2002]})
    assert "year" in score(left, right, GRID).names
    assert "year" not in score(left, right, GRID, compare=()).names
    with pytest.raises(UnknownName, match="'own'"):
        score(left, right, GRID, compare=["own"])


def test_a_column_may_have_the_name_of_a_piece_of_evidence():
    both = side(np.eye(2), kind="image", columns={"similarity": ["x", "y"]})
    assert score(both, both, GRID)["similarity column"] == pytest.approx([1, 0, 0, 1], abs=1e-6)
