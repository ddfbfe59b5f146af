"""Semantic consistency cross-modal retrieval."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.subspace.scc_mr import SCCMR


@pytest.fixture
def partly(classes):
    """The pairs, of which only the first six have labels."""
    images, texts, labels = classes
    known = np.eye(3)[labels]
    known[6:] = 0
    return images, texts, known


def gap(scores, labels):
    same = labels[:, None] == labels
    return scores[same].mean() - scores[~same].mean()


@pytest.mark.parametrize("smoothing", [0.0, 1.0, 10.0])
def test_the_objective_never_rises(partly, smoothing):
    objective = np.array(SCCMR(smoothing=smoothing).fit(*partly).objective_)
    assert (np.diff(objective) <= 1e-9 * objective[:-1]).all()
    assert objective[-1] < objective[0]


def test_given_labels_are_kept_and_the_others_found(partly, classes):
    soft = SCCMR().fit(*partly).soft_labels_
    np.testing.assert_array_equal(soft[:6], np.eye(3)[classes[2][:6]])
    assert (soft[6:].argmax(axis=1) == classes[2][6:]).mean() > 0.9


def test_pairs_without_labels_help(partly, classes):
    images, texts, labels = classes
    few = SCCMR().fit(images[:6], texts[:6], partly[2][:6])
    assert gap(SCCMR().fit(*partly).similarity(images, texts), labels) > gap(
        few.similarity(images, texts), labels
    )


def test_labels_of_all_rows_leave_a_sparse_regression(classes):
    """Closed form: the gradient over each row that is used vanishes."""
    method = SCCMR(iterations=300, selection=5.0).fit(*classes)
    x, w = method._standard(classes[0], "image"), method.weights_["image"]
    norms = np.sqrt((w**2).sum(axis=1, keepdims=True) + 1e-5)
    gradient = 2 * x.T @ (x @ w - np.eye(3)[classes[2]]) + 5.0 * w / norms
    assert np.abs(gradient).max() < 1e-3


def test_a_class_that_no_row_has_is_refused(partly):
    partly[2][:, 1] = 0
    with pytest.raises(InputError, match="class 1 of labels has no row"):
        SCCMR().fit(*partly)


def test_weights_below_zero_are_refused():
    with pytest.raises(InputError, match="selection is 0"):
        SCCMR(selection=0)
