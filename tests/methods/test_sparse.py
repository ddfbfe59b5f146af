"""Sparse codes and dictionaries."""

import numpy as np
import pytest

from tuwen.methods.sparse import better_atoms, short_rows, sparse_codes


@pytest.fixture
def problem():
    """Four rows of six columns, and ten atoms."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(4, 6)), short_rows(rng.normal(size=(10, 6)))


def test_sparse_codes_keep_the_conditions_of_the_optimum(problem):
    """Twice the correlation with what is left is at most the sparsity, and equals it where a code is."""
    x, atoms = problem
    codes = sparse_codes(atoms @ atoms.T, x @ atoms.T, np.zeros((4, 10)), 0.5, steps=800)
    pull = 2 * (x - codes @ atoms) @ atoms.T
    assert (np.abs(pull) <= 0.5 + 1e-6).all()
    np.testing.assert_allclose(pull[codes != 0], 0.5 * np.sign(codes[codes != 0]), atol=1e-6)
    assert 0 < (codes != 0).mean() < 1


def test_a_larger_weight_leaves_fewer(problem):
    x, atoms = problem
    counts = [
        (sparse_codes(atoms @ atoms.T, x @ atoms.T, np.zeros((4, 10)), weight, 300) != 0).sum()
        for weight in (0.1, 1.0, 100.0)
    ]
    assert counts[0] > counts[1] > counts[2] == 0


def test_atoms_are_no_longer_than_one_and_never_fit_worse():
    rng = np.random.default_rng(0)
    x, codes, atoms = rng.normal(size=(30, 5)), rng.normal(size=(30, 8)), rng.normal(size=(8, 5)) / 9
    better = better_atoms(x, codes, atoms)
    assert (np.linalg.norm(better, axis=1) <= 1 + 1e-9).all()
    assert ((x - codes @ better) ** 2).sum() < ((x - codes @ atoms) ** 2).sum()


def test_an_atom_that_no_code_uses_stays(problem):
    x, atoms = problem
    codes = np.ones((4, 10))
    codes[:, 3] = 0
    np.testing.assert_array_equal(better_atoms(x, codes, atoms)[3], atoms[3])


def test_short_rows_are_left_alone():
    np.testing.assert_allclose(short_rows(np.array([[3.0, 4.0], [0.3, 0.4]])), [[0.6, 0.8], [0.3, 0.4]])
