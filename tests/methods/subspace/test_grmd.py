"""Modality-dependent retrieval with graph regularisation."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.subspace import grmd
from tuwen.methods.subspace.grmd import GRMD


def sides_of(method, classes):
    images, texts, labels = classes
    x, y = (method._standard(side, name) for side, name in ((images, "image"), (texts, "text")))
    return x, y, np.eye(3)[labels]


def objective(method, x, y, labels, u, v):
    """Of the side x that asks."""
    smooth = sum(
        np.trace(w.T @ s.T @ (grmd._within(s, labels, method.neighbours) @ s) @ w)
        for s, w in ((x, u), (y, v))
    )
    pairs, told = ((x @ u - y @ v) ** 2).sum(), ((x @ u - labels) ** 2).sum()
    squares = method.ridge * len(x) * ((u**2).sum() + (v**2).sum())
    return method.agreement * pairs + (1 - method.agreement) * told + method.smoothing * smooth + squares


@pytest.mark.parametrize("smoothing", [0.0, 0.5])
def test_each_direction_is_at_the_least_of_its_objective(classes, smoothing):
    """Convex, so that any step from the solution raises it."""
    method = GRMD(smoothing=smoothing).fit(*classes)
    x, y, labels = sides_of(method, classes)
    rng = np.random.default_rng(0)
    for (a, b), names in (((x, y), ("image", "text")), ((y, x), ("text", "image"))):
        found = [method.weights_["i2t" if names[0] == "image" else "t2i"][name] for name in names]
        least = objective(method, a, b, labels, *found)
        for _ in range(20):
            moved = [w + 1e-3 * rng.normal(size=w.shape) for w in found]
            assert objective(method, a, b, labels, *moved) > least


def test_both_directions_come_from_one_fit(classes):
    images, texts, _ = classes
    method = GRMD().fit(*classes)
    each = [method.similarity(images, texts, direction=direction) for direction in ("i2t", "t2i")]
    assert not np.allclose(*each)
    np.testing.assert_allclose(method.similarity(images, texts), sum(each) / 2, atol=1e-5)


def test_codes_serve_the_direction_that_is_set(classes):
    images, texts, _ = classes
    method = GRMD().fit(*classes)
    assert method.transform(images, "image").shape == (90, 6)
    for direction in ("i2t", "t2i"):
        method.direction = direction
        codes = method.transform(images, "image") @ method.transform(texts, "text").T
        assert method.width == 3
        np.testing.assert_allclose(codes, method.similarity(images, texts, direction=direction), atol=1e-6)


def test_neighbours_of_other_classes_do_not_count(classes):
    images, _, labels = classes
    graph = grmd._within(images.astype(float), np.eye(3)[labels], 10).tocoo()
    assert (labels[graph.row] == labels[graph.col]).all()


@pytest.mark.parametrize(("name", "value"), [("direction", "up"), ("agreement", 1.0), ("ridge", 0.0)])
def test_parameters_out_of_range_are_refused(name, value):
    with pytest.raises(InputError, match=f"{name} is"):
        GRMD(**{name: value})


def test_an_unknown_direction_is_refused(classes):
    with pytest.raises(InputError, match="direction is 'up'; it is one of both, i2t, t2i"):
        GRMD().fit(*classes).similarity(*classes[:2], direction="up")
