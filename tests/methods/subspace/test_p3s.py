"""Private and shared subspaces."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.subspace.p3s import P3S


@pytest.mark.parametrize("options", [{}, {"separation": 100.0}, {"agreement": 10.0, "fidelity": 5.0}])
def test_the_objective_never_rises(classes, options):
    objective = np.array(P3S(private=4, **options).fit(*classes).objective_)
    assert (np.diff(objective) <= 1e-9 * objective[:-1]).all()
    assert objective[-1] < objective[0]


def test_the_objective_is_what_the_matrices_give(classes):
    """Written out for all rows, where fit knows products of features alone."""
    method = P3S(private=4, iterations=300).fit(*classes)
    labels, n, total, shared = np.eye(3)[classes[2]], 90, 0.0, []
    for features, name in ((classes[0], "image"), (classes[1], "text")):
        x = method._standard(features, name)
        w, p = method.weights_[name], method.private_[name]
        both = np.hstack([x @ w, x @ p])
        loads = np.linalg.solve(both.T @ both + 0.01 * n / 0.1 * np.eye(7), both.T @ x)
        total += ((x @ w - labels) ** 2).sum() + 0.1 * ((x - both @ loads) ** 2).sum()
        total += ((w.T @ x.T @ x @ p) ** 2).sum() / n
        total += 0.01 * n * sum((part**2).sum() for part in (w, p, loads))
        shared.append(x @ w)
    total += ((shared[0] - shared[1]) ** 2).sum()
    np.testing.assert_allclose(method.objective_[-1], total, rtol=1e-4)


def test_separation_makes_shared_and_private_orthogonal(classes):
    def overlap(separation):
        method = P3S(private=4, separation=separation).fit(*classes)
        x = method._standard(classes[0], "image")
        s, h = x @ method.weights_["image"], x @ method.private_["image"]
        return np.abs(s.T @ h).max() / (np.linalg.norm(s) * np.linalg.norm(h))

    assert overlap(100.0) < 0.1 * overlap(0.0)


def test_private_columns_are_never_more_than_features(classes):
    assert P3S(private=50).fit(*classes).private_["text"].shape == (9, 9)


@pytest.mark.parametrize(("name", "value"), [("private", 0), ("fidelity", 0.0), ("ridge", 0.0)])
def test_parameters_out_of_range_are_refused(name, value):
    with pytest.raises(InputError, match=f"{name} (is )?{value}"):
        P3S(**{name: value})
