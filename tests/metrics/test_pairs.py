"""Precision, recall and F1 of pairs."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.metrics import compare, pair_figures


def test_the_three_figures_of_known_pairs():
    found = pair_figures([[0, 0], [1, 1], [1, 1], [2, 0], [3, 3]], [[3, 3], [1, 1], [0, 1], [0, 2], [1, 2]])
    assert (found.both, found.predicted, found.true) == (2, 4, 5)
    assert (found.precision, found.recall) == (0.5, 0.4)
    assert found.f1 == pytest.approx(2 * 0.5 * 0.4 / 0.9)
    assert str(found) == "P 0.5000, R 0.4000, F1 0.4444 (2 right of 4 predicted, 5 true)"
    np.testing.assert_allclose(found.by_image.values, [0, 2 / 3, 0, 1])


def test_nothing_predicted_or_nothing_true_is_zero():
    assert (pair_figures([], [[0, 0]]).precision, pair_figures([], [[0, 0]]).f1) == (0, 0)
    assert pair_figures([[0, 0]], []).recall == 0
    assert pair_figures([], []).f1 == 0


def test_two_matchers_are_compared_image_by_image():
    true = np.stack([np.arange(20)] * 2, axis=1)
    better, worse = (pair_figures(true[:n], true, images=20, texts=20).by_image for n in (19, 8))
    assert compare(better, worse).difference == pytest.approx(11 / 20)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([[0, 1, 2]], []), {}, "predicted has shape"),
        (([], [[0.5, 1]]), {}, "true has shape"),
        (([[-1, 0]], []), {}, "from 0 on"),
        (([[3, 0]], []), {"images": 3}, "there are 3 images"),
    ],
)
def test_bad_input_is_named(arguments, options, message):
    with pytest.raises(InputError, match=message):
        pair_figures(*arguments, **options)
