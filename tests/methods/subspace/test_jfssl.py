"""Joint feature selection and subspace learning."""

import numpy as np

from tuwen.methods.subspace.jfssl import JFSSL


def test_the_objective_never_rises(classes):
    objective = np.array(JFSSL(iterations=8).fit(*classes).objective_)
    assert (np.diff(objective) <= 1e-9 * objective[:-1]).all()
    assert objective[-1] < objective[0]


def test_without_graph_and_selection_it_is_least_squares(classes):
    """Closed form."""
    images, _texts, labels = classes
    method = JFSSL(selection=0, smoothing=0).fit(*classes)
    x = method._standard(images, "image")
    wanted = np.linalg.lstsq(x, np.eye(3)[labels], rcond=None)[0]
    np.testing.assert_allclose(method.weights_["image"], wanted, atol=1e-6)


def test_a_feature_of_noise_is_hardly_used(classes):
    images, texts, labels = classes
    noise = np.random.default_rng(1).normal(size=(90, 1))
    weights = JFSSL().fit(np.hstack([images, noise]), texts, labels).weights_["image"]
    assert np.linalg.norm(weights[-1]) < 0.2 * np.linalg.norm(weights[:-1], axis=1).max()


def test_wikipedia_gives_the_measured_values(scored):
    np.testing.assert_allclose(scored(JFSSL(match="dot", selection=20.0)), (0.289, 0.217), atol=0.005)
    np.testing.assert_allclose(scored(JFSSL(selection=20.0)), (0.273, 0.217), atol=0.005)
