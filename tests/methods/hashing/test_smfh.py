"""Supervised matrix factorization hashing."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.hashing.cmfh import CMFH
from tuwen.methods.hashing.smfh import SMFH


@pytest.mark.parametrize("smoothness", [1.0, 100.0])
def test_the_objective_never_rises(classes, smoothness):
    objective = np.array(SMFH(bits=8, smoothness=smoothness).fit(*classes).objective_)
    assert (np.diff(objective) <= 1e-9 * objective[:-1]).all()
    assert objective[-1] < objective[0]


def test_without_smoothness_it_is_collective_matrix_factorisation(classes):
    ours = SMFH(bits=8, smoothness=0.0, iterations=300).fit(*classes)
    theirs = CMFH(bits=8, iterations=300).fit(*classes)
    np.testing.assert_allclose(ours.objective_[-1], theirs.objective_[-1], rtol=0.02)


def test_labels_bring_the_codes_of_a_class_together(classes):
    labels = classes[2]
    same = labels[:, None] == labels[None]

    def apart(smoothness):
        codes = SMFH(bits=16, smoothness=smoothness).fit(*classes).training_codes_
        signs = np.where(np.unpackbits(codes, axis=1), 1.0, -1.0)
        scores = signs @ signs.T
        return scores[same].mean() - scores[~same].mean()

    assert apart(300.0) > apart(0.0)


def test_wikipedia_is_above_factorisation_without_labels(scored):
    found = scored(SMFH(bits=16))
    assert found["modality"][0] > 0.2
    assert found["fused"][1] > 0.45


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_both_modalities_have_a_weight(classes, weight):
    with pytest.raises(InputError, match=f"weight is {weight}"):
        SMFH(bits=8, weight=weight).fit(*classes)
