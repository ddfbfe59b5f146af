"""Intra- and inter-modality similarity preserving hashing."""

import numpy as np
import pytest

from tuwen.methods.hashing import iisph
from tuwen.methods.hashing.iisph import IISPH


@pytest.mark.parametrize("inter", [0.0, 1.0, 100.0])
def test_the_objective_never_rises(classes, inter):
    objective = np.array(IISPH(bits=8, inter=inter, intra=5.0).fit(*classes).objective_)
    assert (np.diff(objective) <= 1e-9 * objective[:-1]).all()
    assert objective[-1] < objective[0]


def test_neighbours_of_another_class_do_not_count(classes):
    images, _, labels = classes
    rough = iisph._shrunk(images, np.eye(3)[labels], 9).toarray()
    other = labels[:, None] != labels[None]
    assert np.abs(rough[other]).max() == 0
    assert np.abs(rough - np.diag(np.diag(rough)))[~other].max() > 0


def test_a_large_weight_across_brings_pairs_of_a_class_together(classes):
    images, texts, labels = classes

    def apart(inter):
        hasher = IISPH(bits=8, inter=inter).fit(*classes)
        x, y = hasher._transform(images, "image"), hasher._transform(texts, "text")
        gaps = ((x[:, None] - y[None]) ** 2).sum(axis=2)
        return gaps[labels[:, None] == labels[None]].mean() / (x**2).sum(axis=1).mean()

    assert apart(1000.0) < apart(0.0)


def test_wikipedia_is_above_factorisation_without_labels(scored):
    found = scored(IISPH(bits=16))
    assert found["modality"][0] > 0.2
    assert found["fused"][1] > 0.45
