import numpy as np
import pytest

from tuwen.arrays import unit_rows
from tuwen.illustrate import signals
from tuwen.illustrate.signals import Asked, rankings

EAST = np.array([1, 0], dtype=np.float32)
ALL = np.ones(5, dtype=bool)


def by_name(library, asked, candidates=ALL):
    return {signal.name: signal for signal in rankings(library, asked, candidates)}


def test_a_headline_is_compared_with_texts_and_with_pictures(five):
    found = by_name(five, Asked("image", {"text": EAST, "cross": EAST}))
    assert set(found) == {"text", "through", "cross"}
    assert found["text"].scores == pytest.approx(np.cos(np.linspace(0, np.pi / 2, 5)), abs=1e-6)
    assert found["cross"].places().tolist() == [1, 2, 3, 4, 5]


def test_a_draft_picture_takes_the_place_of_the_neighbours_pictures(five):
    assert set(by_name(five, Asked("image", {"text": EAST, "image": EAST}))) == {"text", "image"}


def test_a_picture_alone_looks_for_texts(five):
    found = by_name(five, Asked("text", {"image": EAST, "cross": EAST}))
    assert set(found) == {"image", "through", "cross"}
    assert found["through"].places()[0] < found["through"].places()[4]


def test_what_an_item_says_of_itself_counts_in_a_small_library_alone(five, monkeypatch):
    five.vectors["image"] = np.eye(5, dtype=np.float32)
    assert by_name(five, Asked("image", {"text": EAST}))["through"].places()[0] == 1
    monkeypatch.setattr(signals, "ENOUGH", 5)
    monkeypatch.setattr(signals, "NEAREST", 1)
    assert by_name(five, Asked("image", {"text": EAST}))["through"].scores[0] == 0


def test_what_all_have_in_common_does_not_count_in_a_large_library(five, monkeypatch):
    five.vectors["image"] = unit_rows(np.eye(5, dtype=np.float32) + 5)
    monkeypatch.setattr(signals, "NEAREST", 1)
    small = by_name(five, Asked("image", {"text": EAST}))["through"].scores
    assert (small[1:] > 0.9).all()
    monkeypatch.setattr(signals, "ENOUGH", 5)
    assert (by_name(five, Asked("image", {"text": EAST}))["through"].scores[1:] < 0).all()


def test_items_that_are_no_candidates_have_no_score_but_help_to_find_others(five):
    candidates = np.array([False, True, True, True, True])
    found = by_name(five, Asked("image", {"text": EAST}), candidates)
    assert np.isnan(found["text"].scores[0]) and np.isnan(found["through"].scores[0])
    assert found["through"].places()[1] == 1


def test_a_hidden_item_is_no_help(five):
    five.vectors["image"] = np.eye(5, dtype=np.float32)
    five.vectors["image"][4] = five.vectors["image"][0]
    seen = by_name(five, Asked("image", {"text": EAST}))["through"].scores[4]
    hidden = by_name(five, Asked("image", {"text": EAST}, hidden=0))
    assert np.isnan(hidden["text"].scores[0]) and hidden["through"].scores[4] < seen


def test_a_hidden_text_leaves_the_picture(five):
    found = by_name(five, Asked("image", {"text": EAST, "cross": EAST}, hidden_text=0))
    assert np.isnan(found["text"].scores[0]) and found["cross"].places()[0] == 1


def test_a_ranking_that_knows_no_candidate_is_left_out(five):
    five.vectors["text"][:] = 0
    found = by_name(five, Asked("image", {"text": EAST, "cross": EAST}))
    assert set(found) == {"cross"}
    assert by_name(five, Asked("image", {"cross": np.zeros(2, dtype=np.float32)})) == {}


def test_triples_have_no_score_where_there_is_no_text(five):
    told = np.array([0.5, np.nan, 0.2, 0.1, 0.0], dtype=np.float32)
    found = by_name(five, Asked("image", {"text": EAST}, triples=told))
    assert found["triples"].places().tolist() == [1, 0, 2, 3, 4]
