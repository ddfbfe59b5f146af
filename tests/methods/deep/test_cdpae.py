"""The stage of neighbours."""

import numpy as np
import pytest

from tuwen import methods
from tuwen.errors import InputError

SMALL = {"dim": 8, "epochs": 5, "device": "cpu", "learning_rate": 0.01}


@pytest.fixture(scope="module")
def fitted(classes):
    """A CDPAE that counts five neighbours."""
    return methods.find("cdpae")(**SMALL, neighbours=5).fit(*classes[:2])


def test_scores_are_those_of_the_nearest_training_items(fitted, classes):
    images, texts, _ = classes
    scores = fitted.similarity(images[:1], texts[:1])
    u, v = fitted.transform(images[:1], "image")[0], fitted.transform(texts[:1], "text")[0]
    known = fitted.known_
    near_u, near_v = known["image"] @ u, known["text"] @ v
    top_u, top_v = np.argsort(-near_u)[:5], np.argsort(-near_v)[:5]
    between = known["image"] @ known["text"].T
    np.fill_diagonal(between, 1)
    expected = near_u[top_u] @ between[np.ix_(top_u, top_v)] @ near_v[top_v]
    expected /= np.linalg.norm(near_u[top_u]) * np.linalg.norm(near_v[top_v])
    assert scores[0, 0] == pytest.approx(expected, rel=1e-4)


def test_without_neighbours_scores_are_cosines(classes):
    images, texts, _ = classes
    method = methods.find("cdpae")(**SMALL, neighbours=0).fit(images, texts)
    cosines = method.transform(images, "image") @ method.transform(texts, "text").T
    np.testing.assert_array_equal(method.similarity(images, texts), cosines)


def test_their_number_is_chosen_on_held_out_pairs(classes):
    method = methods.find("cdpae")(**SMALL).fit(*classes)
    assert method.counted_ in (0, 10, 30)
    assert not hasattr(method, "chosen_on")


def test_a_count_below_minus_one_is_refused():
    with pytest.raises(InputError, match="neighbours is -2"):
        methods.find("cdpae")(neighbours=-2)
