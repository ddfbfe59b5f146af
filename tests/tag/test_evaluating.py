"""Figures of tags beside the truth."""

import pytest

from tuwen.tag.evaluating import NONE, evaluate
from tuwen.tag.vocabulary import Vocabulary

TREE = Vocabulary.of(["animal/dog", "animal/cat", "food"])  # 0 animal, 1 dog, 2 cat, 3 food


@pytest.fixture
def found():
    """Five items: dog right, dog as cat, food right, food without a label, cat only as animal."""
    truth = [(1,), (1,), (3,), (3,), (2,)]
    return evaluate(TREE, list("abcde"), truth, [[1, 0], [2, 0], [3], [], [0]], many=False)


def by_label(found):
    return {row["label"]: row for row in found.labels}


def test_accuracy_chance_and_the_mean_over_labels(found):
    assert found.figures["accuracy"] == pytest.approx(2 / 5)
    assert found.figures["chance"] == pytest.approx(2 / 5)
    assert found.figures["balanced"] == pytest.approx((1 / 2 + 0 + 1 / 2) / 3)
    assert found.figures["tagged"] == pytest.approx(4 / 5)
    assert found.figures["low"] <= 2 / 5 <= found.figures["high"]


def test_a_label_counts_with_those_above_it(found):
    rows = by_label(found)
    assert (rows["animal"]["items"], rows["animal"]["given"], rows["animal"]["right"]) == (3, 3, 3)
    assert rows["dog"]["precision"] == 1 and rows["dog"]["recall"] == 0.5
    assert rows["cat"]["precision"] == 0 and rows["cat"]["f1"] == 0
    assert rows["food"]["f1"] == pytest.approx(2 / 3)


def test_micro_f1_is_over_all_labels(found):
    # true: 3 x 2 + 2 labels, given: 2 + 2 + 1 + 1, right: 2 + 1 + 1 + 1
    assert found.figures["micro_f1"] == pytest.approx(2 * 5 / (8 + 6))


def test_the_matrix_says_what_was_taken_for_what(found):
    assert found.rows == ["dog", "cat", "food"]
    assert found.columns == ["animal", "dog", "cat", "food", NONE]
    assert found.cells.tolist() == [[0, 1, 1, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 1, 1]]
    assert found.row_of.tolist() == [0, 0, 2, 2, 1]


def test_an_item_with_a_label_above_others_is_right_with_any_below_it():
    found = evaluate(TREE, ["a", "b"], [(0,), (3,)], [[1, 0], [3]], many=False)
    assert found.figures["accuracy"] == 1 and found.cells.tolist() == [[1, 0, 0], [0, 1, 0]]


def test_a_label_never_given_has_no_precision():
    found = evaluate(TREE, ["a", "b"], [(1,), (3,)], [[3], [3]], many=False)
    assert by_label(found)["dog"]["precision"] is None and by_label(found)["dog"]["recall"] == 0


def test_of_several_labels_all_must_be_right_and_there_is_no_matrix():
    found = evaluate(TREE, ["a", "b"], [(1, 3), (2,)], [[1, 0, 3], [1, 0]], many=True)
    assert found.figures["accuracy"] == 0.5
    assert found.rows == [] and not found.cells.size and not len(found.row_of)
