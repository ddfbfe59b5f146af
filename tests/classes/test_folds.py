"""Parts of a cross-validation with few examples of a class."""

import numpy as np

from tuwen.classes.folds import folds


def test_each_example_is_held_out_once_and_never_learned_from_then():
    numbers = np.repeat([0, 1, 2], [10, 7, 5])
    parts = folds(numbers, 0)
    assert sorted(np.concatenate([held for _, held in parts])) == list(range(22))
    assert all(not set(train) & set(held) and len(train) + len(held) == 22 for train, held in parts)


def test_every_part_has_its_share_of_every_class():
    numbers = np.repeat([0, 1], [50, 10])
    assert {tuple(np.bincount(numbers[held])) for _, held in folds(numbers, 1)} == {(10, 2)}


def test_a_class_of_one_example_is_never_held_out():
    numbers = np.array([0, 0, 0, 0, 1])
    assert all(4 in train for train, _ in folds(numbers, 0))


def test_without_a_second_example_anywhere_there_are_no_parts():
    assert folds(np.arange(4), 0) == []
