"""Cosines as probabilities, and the threshold of several labels."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.special import expit, softmax

from tuwen.tag.calibrating import TEMPERATURE, _exclusive, _independent, best_threshold, learn_scale


@pytest.fixture
def drawn():
    """Cosines of 600 items with three labels; truth drawn from a softmax of slope 12 and biases 1, 0, -1."""
    random = np.random.default_rng(5)
    scores = random.uniform(-0.2, 0.5, (600, 3))
    shares = softmax(12 * scores + np.array([1.0, 0, -1]), axis=1)
    chosen = np.array([random.choice(3, p=row) for row in shares])
    return scores, np.eye(3, dtype=bool)[chosen]


def test_slope_and_biases_are_found_again(drawn):
    scores, allowed = drawn
    scale = learn_scale(scores, allowed, np.ones_like(allowed), many=False)
    assert scale.slope == pytest.approx(12, abs=1.5)
    np.testing.assert_allclose(scale.bias - scale.bias.mean(), [1, 0, -1], atol=0.35)


def test_a_label_with_few_items_keeps_the_bias_of_all():
    scores = np.zeros((2, 2))
    scale = learn_scale(scores, np.eye(2, dtype=bool)[[0, 0]], np.ones((2, 2), bool), many=False)
    assert 0 < scale.bias[0] - scale.bias[1] < 1.5


def test_without_items_nothing_moves():
    scale = learn_scale(np.zeros((0, 2)), np.zeros((0, 2), bool), np.zeros((0, 2), bool), many=False)
    assert scale.slope == pytest.approx(1 / TEMPERATURE) and not scale.bias.any()


def test_of_several_labels_each_has_its_own_threshold():
    random = np.random.default_rng(6)
    scores = random.uniform(0, 0.5, (800, 2))
    has = random.uniform(size=(800, 2)) < expit(20 * scores - np.array([2, 6]))
    scale = learn_scale(scores, has, np.ones_like(has), many=True)
    np.testing.assert_allclose(scale.bias, [-2, -6], atol=0.9)


@pytest.mark.parametrize("loss", [_exclusive, _independent])
def test_slopes_of_the_losses_are_their_gradients(loss):
    random = np.random.default_rng(7)
    logits = random.normal(size=(4, 3))
    allowed = np.array([[1, 0, 0], [0, 1, 1], [0, 0, 1], [1, 1, 0]], dtype=bool)
    sure = np.ones_like(allowed)
    sure[1, 1:] = False
    value = approx_fprime(logits.ravel(), lambda flat: loss(flat.reshape(4, 3), allowed, sure)[0], 1e-7)
    np.testing.assert_allclose(loss(logits, allowed, sure)[1].ravel(), value, atol=1e-5)


def test_the_threshold_stands_where_f1_is_highest():
    probabilities = np.array([[0.9, 0.7], [0.6, 0.2]])
    assert best_threshold(probabilities, np.array([[1, 1], [0, 0]], bool)) == pytest.approx(0.65)


def test_no_threshold_cuts_between_equal_probabilities():
    probabilities = np.array([[0.5, 0.5, 0.1]])
    assert best_threshold(probabilities, np.array([[1, 0, 0]], bool)) == pytest.approx(0.3)


def test_without_true_labels_the_threshold_is_a_half():
    assert best_threshold(np.ones((2, 2)), np.zeros((2, 2), bool)) == 0.5
