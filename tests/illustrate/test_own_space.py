"""The space that a library's own pairs teach."""

import numpy as np
import pytest

from tuwen.errors import InputError, NotFittedError
from tuwen.illustrate import library as libraries
from tuwen.illustrate import spaces
from tuwen.illustrate.own_space import OwnSpace
from tuwen.metrics import first_rank


def pairs(n, seed=0, noise=0.4):
    """Pictures and texts that share four numbers, bent for the pictures, in 30 columns each."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(n, 4))
    turns = np.random.default_rng(7).normal(size=(2, 8, 30))
    images = np.tanh(np.hstack([shared, shared**2])) @ turns[0] + noise * rng.normal(size=(n, 30))
    texts = shared @ turns[1][:4] + noise * rng.normal(size=(n, 30))
    return images.astype(np.float32), texts.astype(np.float32)


def mrr(space, images, texts):
    scores = space.similarity(images, texts).T
    return float((1 / first_rank(scores, np.eye(len(scores), dtype=bool))).mean())


def test_pictures_of_new_texts_are_found():
    space = OwnSpace(dim=16).fit(*pairs(200))
    assert mrr(space, *pairs(60, seed=1)) > 0.5
    assert space.width == 16
    np.testing.assert_allclose(np.linalg.norm(space.transform(pairs(5)[0], "image"), axis=1), 1, rtol=1e-5)


def test_the_ridge_keeps_wide_texts_of_few_pairs_from_being_learned_by_heart():
    images, texts = pairs(80)
    wide = np.hstack([texts, np.random.default_rng(2).normal(size=(80, 200)).astype(np.float32)])
    other_images, other_texts = pairs(60, seed=1)
    other = np.hstack([other_texts, np.random.default_rng(3).normal(size=(60, 200)).astype(np.float32)])
    strong = OwnSpace().fit(images, wide)
    weak = OwnSpace(ridge=1e-6).fit(images, wide)
    assert mrr(weak, images, wide) > 0.95
    assert mrr(strong, other_images, other) > 1.3 * mrr(weak, other_images, other)


def test_correlations_are_those_of_canonical_correlation():
    images, texts = pairs(120)
    space = OwnSpace(dim=5, power=0.0).fit(images, texts)
    x, y = space._transform(images, "image"), space._transform(texts, "text")
    # the ridge takes from each variance; what is between both sides is left as it is
    between = (x - x.mean(axis=0)).T @ (y - y.mean(axis=0)) / len(x)
    np.testing.assert_allclose(between, np.diag(space.correlations_), atol=1e-6)
    assert (np.diff(space.correlations_) <= 0).all()
    assert (x.var(axis=0) < 1).all()


def test_fewer_anchors_than_pairs_still_learn():
    images, texts = pairs(200)
    space = OwnSpace(dim=16, anchors=60).fit(images, texts)
    assert space.anchors_.shape == (60, 30)
    assert mrr(space, *pairs(60, seed=1)) > 0.4


def test_pictures_that_stand_twice_are_no_trouble():
    images, texts = pairs(60)
    space = OwnSpace().fit(np.vstack([images, images]), np.vstack([texts, texts]))
    assert np.isfinite(space.transform(images, "image")).all()


def test_the_space_is_no_wider_than_the_texts():
    images, texts = pairs(60)
    space = OwnSpace().fit(images, texts[:, :7])
    assert space.width == space.transform(texts[:, :7], "text").shape[1] == 7


def test_arrays_make_the_same_space_again():
    images, texts = pairs(80)
    space = OwnSpace().fit(images, texts)
    again = OwnSpace.of(space.arrays())
    np.testing.assert_array_equal(again.similarity(images, texts), space.similarity(images, texts))
    with pytest.raises(InputError, match="width 3"):
        again.transform(texts[:, :3], "text")


@pytest.mark.parametrize("params", [{"anchors": 1}, {"spread": 0.0}, {"ridge": 0.0}, {"dim": 0}])
def test_parameters_out_of_range_are_refused(params):
    with pytest.raises(InputError):
        OwnSpace(**params)


def test_nothing_in_common_is_refused():
    images = pairs(30)[0]
    with pytest.raises(InputError, match="nothing of the pictures varies"):
        OwnSpace().fit(images, np.ones((30, 4), dtype=np.float32))
    with pytest.raises(NotFittedError):
        OwnSpace().arrays()


def test_what_a_library_taught_is_kept(tiny_collection, monkeypatch):
    monkeypatch.setattr(spaces, "FEWEST", 8)
    library = libraries.read(tiny_collection)
    known, _ = spaces.prepare(library, tiny_collection)
    assert isinstance(known.own, OwnSpace)
    monkeypatch.setattr(spaces, "learn", None)  # what is kept is not learned again
    again = libraries.read(tiny_collection)
    spaces.prepare(again, tiny_collection)
    np.testing.assert_array_equal(again.vectors["own-image"], library.vectors["own-image"])
    np.testing.assert_array_equal(again.vectors["own-text"], library.vectors["own-text"])
