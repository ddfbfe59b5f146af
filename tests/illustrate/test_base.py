import numpy as np

from tuwen.illustrate.base import Signal


def test_equal_scores_share_the_best_place_and_what_has_none_has_place_0():
    signal = Signal("text", np.array([0.2, np.nan, 0.9, 0.2, 0.1], dtype=np.float32))
    assert signal.places().tolist() == [2, 0, 1, 2, 4]


def test_a_library_knows_which_items_have_a_picture(five):
    five.pictures[1] = ""
    assert five.has("image").tolist() == [True, False, True, True, True]
    assert five.has("text").all() and len(five) == 5


def test_a_part_of_a_library_has_some_items_with_all_that_is_known_of_them(five):
    part = five.part(np.array([3, 1]))
    assert (part.ids, part.texts, part.entities) == (["p3", "p1"], ["text 3", "text 1"], [])
    assert np.array_equal(part.vectors["text"], five.vectors["text"][[3, 1]])
