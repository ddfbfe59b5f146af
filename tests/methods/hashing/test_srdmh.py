"""Supervised robust discrete multimodal hashing."""

import numpy as np
import pytest

from tuwen.methods.hashing.srdmh import SRDMH


@pytest.mark.parametrize("fit_weight", [1e-3, 1.0])
def test_the_objective_never_rises(classes, fit_weight):
    objective = np.array(SRDMH(bits=8, anchors=30, fit_weight=fit_weight).fit(*classes).objective_)
    assert (np.diff(objective) <= 1e-9 * objective[:-1]).all()
    assert objective[-1] < objective[0]


def test_labels_can_be_told_from_learnt_codes(classes):
    codes = SRDMH(bits=8, anchors=30).fit(*classes).training_codes_
    signs = np.where(np.unpackbits(codes, axis=1), 1.0, -1.0)
    told = np.linalg.lstsq(signs, np.eye(3)[classes[2]])[0]
    assert ((signs @ told).argmax(axis=1) == classes[2]).mean() > 0.95


def test_a_few_wrong_labels_are_let_go(classes):
    images, texts, labels = classes
    wrong = labels.copy()
    wrong[:6] = (wrong[:6] + 1) % 3
    hasher = SRDMH(bits=16, anchors=30, fit_weight=0.1).fit(images, texts, wrong)
    signs = np.where(np.unpackbits(hasher.database_codes(images, texts), axis=1), 1.0, -1.0)
    means = np.stack([signs[6:][labels[6:] == c].mean(axis=0) for c in range(3)])
    assert ((signs[:6] @ means.T).argmax(axis=1) == labels[:6]).mean() > 0.6


def test_wikipedia_is_above_hashing_without_labels(scored):
    found = scored(SRDMH(bits=16, anchors=200))
    assert found["modality"][1] > 0.26
    assert found["fused"][1] > 0.6
