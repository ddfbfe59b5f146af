"""Asymmetric supervised consistent and specific hashing."""

import numpy as np
import pytest

from tuwen.methods.hashing.ascsh import ASCSH


@pytest.mark.parametrize("fit_weight", [0.1, 10.0])
def test_the_objective_never_rises(classes, fit_weight):
    objective = np.array(ASCSH(bits=8, anchors=30, fit_weight=fit_weight).fit(*classes).objective_)
    assert (np.diff(objective) <= 1e-9 * np.abs(objective[:-1])).all()
    assert objective[-1] < objective[0]


def test_anchors_are_the_same_pairs_in_both_modalities(classes):
    images, texts, _ = classes
    hasher = ASCSH(bits=8, anchors=30).fit(*classes)
    rows = [
        [
            int(np.abs(side - hasher.means_[name] - place).sum(axis=1).argmin())
            for place in hasher.anchors_[name]
        ]
        for side, name in ((images, "image"), (texts, "text"))
    ]
    assert rows[0] == rows[1]


def test_a_large_ridge_on_their_own_parts_makes_both_maps_one(classes):
    hasher = ASCSH(bits=8, anchors=30, own=1e9).fit(*classes)
    np.testing.assert_allclose(hasher.weights_["image"], hasher.weights_["text"], atol=1e-4)


def test_learnt_codes_follow_the_classes(classes):
    codes = ASCSH(bits=16, anchors=30).fit(*classes).training_codes_
    signs = np.where(np.unpackbits(codes, axis=1), 1.0, -1.0)
    same = classes[2][:, None] == classes[2][None]
    assert (signs @ signs.T)[same].mean() > (signs @ signs.T)[~same].mean() + 8


def test_wikipedia_is_above_hashing_without_labels(scored):
    found = scored(ASCSH(bits=16, anchors=200))
    assert found["modality"][1] > 0.26
    assert found["fused"][1] > 0.55
