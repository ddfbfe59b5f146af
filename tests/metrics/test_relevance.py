"""What is true for a query: told by labels, pairs and matrices alike."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.metrics import by_labels, by_pairs
from tuwen.metrics.relevance import as_relevance


def matrix(relevance):
    """The relevance as a bool matrix."""
    found = np.zeros((relevance.queries, relevance.items), dtype=bool)
    for query in range(relevance.queries):
        columns = relevance.columns(query)
        assert (np.diff(columns) > 0).all()
        found[query, columns] = True
    return found


@pytest.mark.parametrize("names", [False, True])
def test_one_label_each(names):
    rng = np.random.default_rng(0)
    queries, items = rng.integers(0, 6, 9), rng.integers(1, 5, 40)
    if names:
        queries, items = np.array(list("ABCDEF"))[queries], np.array(list("ABCDEF"))[items]
    np.testing.assert_array_equal(matrix(by_labels(queries, items)), queries[:, None] == items)


@pytest.mark.parametrize("classes", [1, 8, 64, 80, 130])
def test_several_labels_share_one(classes):
    rng = np.random.default_rng(classes)
    queries, items = (rng.random((n, classes)) < 2 / classes for n in (9, 40))
    np.testing.assert_array_equal(
        matrix(by_labels(queries.astype(float), items)), queries @ items.T.astype(int) > 0
    )


def test_pairs_in_any_order_and_twice():
    found = matrix(by_pairs([[2, 0], [0, 3], [0, 1], [2, 0]], queries=4, items=5))
    assert np.argwhere(found).tolist() == [[0, 1], [0, 3], [2, 0]]
    assert not matrix(by_pairs([], queries=2, items=3)).any()


def test_captions_are_paired_by_the_number_of_their_image():
    image_of_text = np.array([0, 0, 1, 2, 2])
    assert matrix(by_labels(np.arange(3), image_of_text)).sum(axis=1).tolist() == [2, 1, 2]


def test_a_matrix_says_it_itself():
    marked = np.array([[True, False], [False, False]])
    np.testing.assert_array_equal(matrix(as_relevance(marked)), marked)
    np.testing.assert_array_equal(matrix(as_relevance(marked.astype(int))), marked)


def test_no_items_and_no_queries_are_no_error():
    assert matrix(by_labels([1, 2], np.empty(0, dtype=int))).shape == (2, 0)
    assert matrix(by_labels(np.empty(0, dtype=int), [1, 2])).shape == (0, 2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: by_labels([0, 1], np.eye(2)), "both multi-hot"),
        (lambda: by_labels(np.eye(2), np.eye(3)), "same classes"),
        (lambda: by_labels(["a"], [1, 2]), "both are numbers or names"),
        (lambda: by_labels([1], ["a", "b"]), "both are numbers or names"),
        (lambda: by_labels([1.0], [1.0, np.nan]), "labels of items have NaN"),
        (lambda: by_labels(2 * np.eye(2), np.eye(2)), "other values than 0 and 1"),
        (lambda: by_pairs([[0, 1, 2]], queries=3, items=3), "shape"),
        (lambda: by_pairs([[0.5, 1]], queries=3, items=3), "whole numbers"),
        (lambda: by_pairs([[0, 3]], queries=3, items=3), "counted from 0"),
        (lambda: by_pairs([[-1, 0]], queries=3, items=3), "counted from 0"),
        (lambda: as_relevance(np.array([0, 1])), "bool matrix"),
        (lambda: as_relevance(np.full((2, 2), 0.5)), "bool matrix"),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(InputError, match=message):
        make()
