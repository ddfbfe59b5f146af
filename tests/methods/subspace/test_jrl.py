"""Joint representation learning."""

import numpy as np
import pytest

from tuwen.methods.subspace.jrl import JRL


@pytest.mark.parametrize("graph", ["neighbours", "released"])
def test_the_objective_never_rises(classes, graph):
    method = JRL(selection=1, smoothing=0.1, neighbours=10, graph=graph, iterations=8).fit(*classes)
    objective = np.array(method.objective_)
    assert (np.diff(objective) <= 1e-9 * objective[:-1]).all()
    assert objective[-1] < objective[0]


def test_without_the_rest_it_is_least_squares(classes):
    """Closed form."""
    images, _, labels = classes
    method = JRL(selection=0, smoothing=0, agreement=0, neighbours=10).fit(*classes)
    wanted = np.linalg.lstsq(method._standard(images, "image"), np.eye(3)[labels], rcond=None)[0]
    np.testing.assert_allclose(method.weights_["image"], wanted, atol=1e-6)


def test_an_inductive_score_does_not_depend_on_the_other_items(classes):
    images, texts, _ = classes
    method = JRL(neighbours=10).fit(*classes)
    whole = method.similarity(images, texts)
    np.testing.assert_allclose(method.similarity(images[:3], texts[:2]), whole[:3, :2], rtol=1e-5)
    assert method.similarity(images[:3], texts[:2], mode="transductive").shape == (3, 2)


def test_wikipedia_gives_the_measured_values(scored):
    found = scored(JRL(graph="released"), mode="transductive")
    np.testing.assert_allclose(found, (0.330, 0.249), atol=0.005)
