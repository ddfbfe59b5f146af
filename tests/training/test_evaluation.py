"""Figures of a training: what is true by pair and by class, in both directions."""

import numpy as np
import pytest

from tuwen.records import Picture
from tuwen.training.evaluation import Evaluation, figures
from tuwen.training.material import Material


def held(labels):
    """Three pictures, of which the first has two texts."""
    return Material(
        pictures=[Picture(path=f"{row}.png") for row in range(3)],
        texts=["a", "b", "c", "d"],
        texts_of=[np.array([0, 1]), np.array([2]), np.array([3])],
        labels=labels,
    )


# rows of pictures, columns of texts; the third picture and its text do not find each other
SCORES = np.array([[0.9, 0.8, 0.1, 0.5], [0.2, 0.1, 0.9, 0.6], [0.3, 0.2, 0.8, 0.1]], dtype=np.float32)


def row(rows, direction, true, scores):
    (found,) = (
        one for one in rows if (one["direction"], one["true"], one["scores"]) == (direction, true, scores)
    )
    return found


def test_by_pair_a_text_has_one_picture_and_a_picture_all_its_texts():
    rows = figures(SCORES, held(["", "", ""]))
    assert {one["true"] for one in rows} == {"pair"}
    to_image = row(rows, "text to image", "pair", "trained")
    assert to_image["hit@1"] == pytest.approx(3 / 4)
    assert to_image["precision@5"] == pytest.approx(1 / 5)
    to_text = row(rows, "image to text", "pair", "trained")
    assert to_text["hit@1"] == pytest.approx(2 / 3)
    assert to_text["precision@5"] == pytest.approx((2 + 1 + 1) / 3 / 5)
    assert row(rows, "text to image", "pair", "chance")["hit@1"] == pytest.approx(1 / 3)


def test_by_class_whatever_shares_it_is_true():
    rows = figures(SCORES, held(["x", "y", "y"]))
    # text d, of class y, finds the second picture first, which is not its own
    assert row(rows, "text to image", "class", "trained")["hit@1"] == pytest.approx(1)
    assert row(rows, "text to image", "pair", "trained")["hit@1"] == pytest.approx(3 / 4)


@pytest.mark.parametrize(("scores", "guesses"), [(SCORES, False), (np.zeros_like(SCORES), True)])
def test_equal_scores_are_no_better_than_guessing(scores, guesses):
    rows = tuple(figures(scores, held(["", "", ""])))
    found = Evaluation(rows=rows, pictures=3, texts=4, questions=0, per_second=0.0, median_ms=0.0)
    assert found.guesses == guesses
