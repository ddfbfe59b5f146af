"""Pairs in which a text is true for several images; `paired` and texts of one image."""

from dataclasses import replace

import numpy as np
import pytest

from tuwen.datasets import Pairs, paired
from tuwen.errors import InputError


def pairs(matches=((0, 1), (0, 0), (1, 1), (2, 2)), first=(1, 1, 2)):
    """Three texts of three images: the first is true for images 1 and 0."""
    return Pairs(
        images=np.array([[10.0], [11.0], [12.0]]),
        texts=np.array([[20.0], [21.0], [22.0]]),
        labels=np.array([0, 1, 2]),
        image_ids=("a", "b", "c"),
        text_ids=("x", "y", "z"),
        captions=("X", "Y", "Z"),
        image_of_text=np.array(first),
        matches=None if matches is None else np.array(matches),
    )


def test_each_true_pair_is_a_row_to_learn_from():
    images, texts, labels = pairs().aligned
    assert images[:, 0].tolist() == [11, 10, 11, 12] and texts[:, 0].tolist() == [20, 20, 21, 22]
    assert labels.tolist() == [1, 0, 1, 2]


def test_relevance_names_every_true_pair():
    assert pairs().relevance.tolist() == [[0, 1], [0, 0], [1, 1], [2, 2]]
    assert pairs(None).relevance.tolist() == [[0, 1], [1, 1], [2, 2]]
    assert paired(np.zeros((2, 1)), np.zeros((2, 1))).relevance.tolist() == [[0, 0], [1, 1]]


def test_a_text_stays_while_one_of_its_images_does():
    taken = pairs().take(np.array([2, 0]))
    assert taken.image_ids == ("c", "a") and taken.text_ids == ("z", "x") and taken.captions == ("Z", "X")
    assert taken.relevance.tolist() == [[1, 1], [0, 0]] and taken.image_of_text.tolist() == [0, 1]
    assert taken.texts[:, 0].tolist() == [22, 20] and taken.labels.tolist() == [2, 0]


def test_all_images_of_a_text_that_stay_are_true():
    taken = pairs().take(np.array([0, 1]))
    assert taken.text_ids == ("x", "y")
    assert sorted(taken.relevance.tolist()) == [[0, 0], [0, 1], [1, 1]]


def test_texts_of_one_image_follow_it():
    taken = pairs(None).take(np.array([1]))
    assert taken.text_ids == ("x", "y") and taken.matches is None
    assert taken.image_of_text.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("matches", "reason"),
    [
        ([0, 1], "shape"),
        ([[0.0, 1.0]], "whole|row numbers"),
        ([[0, 1], [1, 1], [2, 3]], "rows of the 3 texts and of the 3 images"),
        ([[0, 1], [1, 1], [2, 2], [-1, 0]], "rows of the 3 texts"),
        ([[0, 1], [1, 1], [2, 2], [0, 1]], "twice"),
        ([[0, 0], [1, 1], [2, 2]], "image_of_text"),
    ],
)
def test_matches_that_cannot_be_are_refused(matches, reason):
    with pytest.raises(InputError, match=reason):
        replace(pairs(None), matches=np.array(matches))
