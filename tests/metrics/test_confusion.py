"""Classes found at rank 1."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.metrics import Precision, by_labels, confusion, measure

SCORES = np.array([[3, 3, 1], [0, 2, 2], [1, 0, 1]])
ITEMS = np.array(["cat", "dog", "dog"])


@pytest.mark.parametrize(
    ("ties", "counts"),
    [
        ("expected", [[0.5, 0.5, 0], [0, 1, 0], [0.5, 0.5, 0]]),
        ("stable", [[1, 0, 0], [0, 1, 0], [1, 0, 0]]),
        ("best", [[1, 0, 0], [0, 1, 0], [0.5, 0.5, 0]]),
        ("worst", [[0, 1, 0], [0, 1, 0], [0.5, 0.5, 0]]),
    ],
)
def test_tied_items_share_the_place_or_one_has_it(ties, counts):
    found = confusion(SCORES, np.array(["cat", "dog", "owl"]), ITEMS, ties=ties)
    assert found.classes.tolist() == ["cat", "dog", "owl"]
    np.testing.assert_array_equal(found.counts, counts)
    np.testing.assert_array_equal(found.values, counts)


@pytest.mark.parametrize("ties", ["expected", "best", "worst", "stable"])
def test_its_diagonal_is_precision_at_one(ties):
    rng = np.random.default_rng(0)
    scores, queries, items = rng.integers(0, 3, (30, 20)), rng.integers(0, 4, 30), np.arange(20) % 4
    ours = confusion(scores, queries, items, ties=ties).accuracy
    assert ours == pytest.approx(
        measure(scores, by_labels(queries, items), [Precision(1)], ties=ties)[0].mean
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((SCORES, [0, 1], ITEMS), "3 queries and 3 items"),
        ((np.empty((2, 0)), [0, 1], []), "no items"),
        ((np.full((1, 1), np.nan), [0], [0]), "NaN"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(InputError, match=message):
        confusion(*arguments)
