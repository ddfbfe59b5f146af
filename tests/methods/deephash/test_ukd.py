"""UKD's teacher."""

import numpy as np
import pytest
import torch

from tuwen import methods
from tuwen.errors import InputError, UnknownName
from tuwen.methods.network import Batch

UKD = methods.find("ukd")


def test_what_the_teacher_puts_nearest_is_alike():
    method = UKD(bits=8)
    method._known = torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [-1.0, 0.0]])
    method._count = 2
    batch = Batch(torch.empty(0), torch.empty(0), torch.empty(0), torch.tensor([2, 0]), 0.0)
    assert method._alike(batch).tolist() == [[0, 1, 1, 0], [1, 1, 0, 0]]


@pytest.mark.parametrize("teacher", ["djsrh", "cmfh"])
def test_codes_of_a_class_are_nearer_without_labels(classes, teacher):
    images, texts, labels = classes
    small = {"bits": 8, "hidden": 16, "epochs": 15, "batch_size": 30, "learning_rate": 0.01, "device": "cpu"}
    method = UKD(**small, share=0.3, validation=0.0, teacher=teacher)
    scores = method.fit(images, texts).similarity(images, texts)
    same = labels[:, None] == labels
    assert scores[same].mean() > scores[~same].mean() + 2


def test_labels_of_the_training_pairs_change_nothing(classes):
    images, texts, labels = classes
    method = UKD(bits=8, hidden=16, epochs=2, validation=0.0, teacher="cmfh", device="cpu")
    plain = method.fit(images, texts).transform(images, "image")
    np.testing.assert_array_equal(method.fit(images, texts, labels).transform(images, "image"), plain)


@pytest.mark.parametrize("teacher", ["dcmh", "cca", "ukd"])
def test_a_teacher_needs_no_labels_and_makes_codes(teacher):
    with pytest.raises(InputError, match=f"teacher is '{teacher}'"):
        UKD(teacher=teacher)


def test_an_unknown_teacher_is_named():
    with pytest.raises(UnknownName, match="did you mean 'itq'"):
        UKD(teacher="itqq")
