"""Cross-modality correlation propagation."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.pairwise.cmcp import CMCP


def test_spreading_is_the_inverse_of_the_graph(classes):
    """Closed form: (1 - α)(I - αS)⁻¹ applied to the labels."""
    method = CMCP(neighbours=8).fit(*classes)
    graph, _ = method._graph(method.units_["image"])
    wanted = 0.4 * np.linalg.inv(np.eye(90) - 0.6 * graph.toarray()) @ np.eye(3)[classes[2]]
    np.testing.assert_allclose(method.spread_["image"], wanted, atol=1e-6)


def test_an_inductive_score_does_not_depend_on_the_other_items(classes):
    images, texts, _ = classes
    method = CMCP(neighbours=8).fit(*classes)
    whole = method.similarity(images, texts)
    np.testing.assert_allclose(method.similarity(images[:3], texts[:2]), whole[:3, :2], rtol=1e-4)
    assert method.similarity(images[:3], texts[:2], mode="transductive").shape == (3, 2)


def test_parameters_out_of_range_are_refused():
    with pytest.raises(InputError, match=r"alpha is 1\.0"):
        CMCP(alpha=1.0)
    with pytest.raises(InputError, match="neighbours is 0"):
        CMCP(neighbours=0)


def test_wikipedia_gives_the_measured_values(scored):
    np.testing.assert_allclose(scored(CMCP(), mode="transductive"), (0.325, 0.250), atol=0.005)
    np.testing.assert_allclose(scored(CMCP()), (0.311, 0.242), atol=0.005)
