"""Semantics-preserving hashing."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from tuwen.errors import InputError
from tuwen.methods.hashing import seph
from tuwen.methods.hashing.seph import SePH


@pytest.fixture(scope="module")
def fitted(classes):
    """Sixteen bits over forty anchors."""
    return SePH(bits=16, anchors=40).fit(*classes)


def test_the_divergence_and_its_gradient_are_the_plain_ones():
    rng = np.random.default_rng(0)
    labels = (rng.random((9, 3)) < 0.5).astype(np.float32)
    units = labels / np.maximum(np.linalg.norm(labels, axis=1, keepdims=True), 1e-12)
    likeness = (units @ units.T).astype(np.float64)
    np.fill_diagonal(likeness, 0)

    def plain(flat):
        h = flat.reshape(9, 4)
        near = 1 / (1 + ((h[:, None] - h[None]) ** 2).sum(axis=2) / 4)
        np.fill_diagonal(near, 0)
        near /= near.sum()
        np.fill_diagonal(near, 1)
        return -(likeness / likeness.sum() * np.log(near)).sum()

    h = rng.normal(size=(9, 4))
    for block in (4, 256):
        loss, gradient = seph._divergence(h.astype(np.float32), units, likeness.sum(), block)
        assert loss == pytest.approx(plain(h.ravel()), rel=1e-5)
        np.testing.assert_allclose(gradient.ravel(), approx_fprime(h.ravel(), plain), atol=1e-5)


def test_the_objective_never_rises(fitted):
    assert len(fitted.objective_) > 5
    assert (np.diff(fitted.objective_) <= 1e-6).all()


def test_fused_bits_are_the_product_of_posteriors_over_the_prior(fitted, classes):
    images, texts, _ = classes

    def posterior(side, name):
        return 1 / (1 + np.exp(-fitted._transform(side, name)))

    x, y, prior = posterior(images, "image"), posterior(texts, "text"), 1 / (1 + np.exp(-fitted.prior_))
    expected = x * y / prior > (1 - x) * (1 - y) / (1 - prior)
    np.testing.assert_array_equal(np.unpackbits(fitted.database_codes(images, texts), axis=1), expected)


def test_items_of_a_class_are_nearer(fitted, classes):
    images, texts, labels = classes
    scores, same = fitted.similarity(images, texts), labels[:, None] == labels[None]
    assert scores[same].mean() > scores[~same].mean() + 8


def test_codes_are_learnt_from_at_most_so_many_rows(classes):
    hasher = SePH(bits=8, anchors=20, rows=30).fit(*classes)
    assert hasher.transform(classes[0], "image").shape == (90, 1)


@pytest.mark.parametrize(
    ("params", "message"), [({"anchors": 0}, "anchors is 0"), ({"kernel_width": 0.0}, "kernel_width is 0")]
)
def test_parameters_out_of_range_are_named(classes, params, message):
    with pytest.raises(InputError, match=message):
        SePH(bits=8, **params).fit(*classes)
