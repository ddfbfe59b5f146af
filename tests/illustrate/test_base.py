import numpy as np

from tuwen.illustrate.base import Signal


def test_equal_scores_share_the_best_place_and_what_has_none_has_place_0():
    signal = Signal("text", np.array([0.2, np.nan, 0.9, 0.2, 0.1], dtype=np.float32))
    assert signal.places().tolist() == [2, 0, 1, 2, 4]


def test_a_library_knows_which_items_have_a_picture(five):
    five.pictures[1] = ""
    assert five.has("image").tolist() == [True, False, True, True, True]
    assert five.has("text").all() and len(five) == 5
