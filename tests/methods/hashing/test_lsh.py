"""Locality-sensitive hashing."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.hashing.lsh import LSH


def test_codes_differ_in_the_share_of_the_angle():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 8))
    rows -= rows.mean(axis=0)
    hasher = LSH(bits=4096).fit(rows, rows)
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    angles = np.arccos(np.clip(units @ units.T, -1, 1)) / np.pi
    differing = (1 - hasher.similarity(rows, rows) / 4096) / 2
    np.testing.assert_allclose(differing, angles, atol=0.04)


def test_an_absent_modality_is_centred_as_the_other():
    rows = np.random.default_rng(0).normal(size=(40, 8)) + 2
    hasher = LSH(bits=16).fit(rows, rows[:0])
    np.testing.assert_array_equal(hasher.transform(rows, "image"), hasher.transform(rows, "text"))


def test_both_sides_must_share_a_space():
    with pytest.raises(InputError, match="images have width 4 and texts 5; LSH needs"):
        LSH(bits=8).fit(np.ones((3, 4)), np.ones((3, 5)))
