"""Coupled dictionaries."""

import numpy as np

from tuwen.methods.subspace.cmsdl import CmSDL


def test_the_objective_never_rises(classes):
    objective = np.array(CmSDL(dim=16).fit(*classes).objective_)
    assert (np.diff(objective) <= 1e-9 * objective[:-1]).all()
    assert objective[-1] < objective[0]


def test_atoms_are_no_longer_than_one(classes):
    for atoms in CmSDL(dim=16).fit(*classes).atoms_.values():
        assert np.linalg.norm(atoms, axis=1).max() <= 1 + 1e-9


def test_items_use_few_atoms(classes):
    codes = CmSDL(dim=16, sparsity=0.5).fit(*classes).transform(classes[0], "image")
    assert (codes != 0).mean() < 0.5


def test_wikipedia_is_above_chance(scored):
    """Chance is 0.1195."""
    assert min(scored(CmSDL())) > 0.15
