"""Labels from probabilities."""

import numpy as np
import pytest

from tuwen.tag.deciding import one_label, several
from tuwen.tag.vocabulary import Vocabulary


@pytest.fixture
def tree():
    """animal, animal/dog, animal/cat, food."""
    return Vocabulary.of(["animal/dog", "animal/cat", "food"])


OWN = np.array([[0.0, 0.4, 0.35, 0.25], [0.0, 0.1, 0.1, 0.8], [0.4, 0.0, 0.35, 0.25]])
TOTAL = np.array([[0.75, 0.4, 0.35, 0.25], [0.2, 0.1, 0.1, 0.8], [0.75, 0.0, 0.35, 0.25]])


def test_the_most_probable_label_comes_with_those_above_it(tree):
    assert one_label(tree, OWN, TOTAL, 0) == [[1, 0], [3], [0]]


def test_where_the_lowest_is_not_sure_the_one_above_it_is_given(tree):
    assert one_label(tree, OWN, TOTAL, 0.5) == [[0], [3], [0]]


def test_no_label_is_an_answer(tree):
    assert one_label(tree, OWN, TOTAL, 0.9) == [[], [], []]


def test_several_labels_are_ordered_and_each_has_those_above_it(tree):
    total = np.array([[0.9, 0.5, 0.9, 0.6], [0.4, 0.1, 0.1, 0.3]])
    assert several(tree, total, 0.5, 5) == [[2, 0, 3, 1], []]


def test_no_more_than_asked_are_given_and_those_above_do_not_count(tree):
    total = np.array([[0.9, 0.5, 0.8, 0.6]])
    assert several(tree, total, 0.5, 1) == [[2, 0]]


def test_a_label_above_others_is_given_alone_where_none_of_them_is_sure(tree):
    assert several(tree, np.array([[0.9, 0.3, 0.2, 0.1]]), 0.5, 3) == [[0]]
