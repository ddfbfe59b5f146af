import numpy as np
import pytest

from tuwen.classes.scores import score
from tuwen.errors import InputError

ROWS = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.7, 0.3]])


def test_every_figure_in_closed_form():
    found = score(ROWS, ["a", "b"], ["a", "a", "b", "b"])
    assert found.counts.tolist() == [[2, 0], [1, 1]]
    assert found.accuracy == 0.75 and found.items == 4
    assert found.precision.tolist() == pytest.approx([2 / 3, 1])
    assert found.recall.tolist() == [1, 0.5]
    assert found.f1.tolist() == pytest.approx([4 / 5, 2 / 3])
    assert found.macro_f1 == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert found.log_loss == pytest.approx(-np.log([0.9, 0.6, 0.8, 0.3]).mean())
    # bins of .9, .6, .8 and .7: three right ones, one wrong one
    assert found.calibration_error == pytest.approx((0.1 + 0.4 + 0.2 + 0.7) / 4)


def test_a_class_that_nobody_learned_counts_as_wrong():
    found = score(ROWS[:2], ["a", "b"], ["a", "c"])
    assert found.classes == ("a", "b", "c")
    assert found.accuracy == 0.5 and found.recall.tolist() == [1, 0, 0]
    assert found.log_loss == pytest.approx(-np.log(0.9))


def test_rows_say_what_a_class_is_taken_for():
    first, second = score(ROWS, ["a", "b"], ["a", "a", "b", "b"]).rows()
    assert first == {"class": "a", "items": 2, "precision": 0.6667, "recall": 1.0, "f1": 0.8, "taken_for": ""}
    assert second["taken_for"] == "a"


def test_nothing_to_score_is_no_number():
    found = score(np.zeros((0, 2)), ["a", "b"], [])
    assert found.accuracy == 0 and found.macro_f1 == 0
    assert np.isnan(found.log_loss) and np.isnan(found.calibration_error)


def test_rows_and_labels_must_align():
    with pytest.raises(InputError, match="4 items but 1 labels"):
        score(ROWS, ["a", "b"], ["a"])
