import numpy as np
import pytest

from tuwen.illustrate.base import Signal
from tuwen.illustrate.fusing import fuse, intersect, standard
from tuwen.rank import reciprocal_rank

NAN = np.nan


def signal(name, *scores):
    return Signal(name, np.array(scores, dtype=np.float32))


def test_fusion_by_rank_is_that_of_rank():
    rng = np.random.default_rng(0)
    one, other = rng.random(20), rng.random(20)
    rankings = [np.argsort(-scores).tolist() for scores in (one, other)]
    weights = {"text": 2.0, "cross": 1.0}
    order = fuse(
        [signal("text", *one), signal("cross", *other)], np.ones(20, dtype=bool), weights, by_rank=True
    )
    expected = reciprocal_rank(rankings, weights=[2, 1])
    assert order.rows.tolist() == [key for key, _ in expected]
    assert order.scores[order.rows] == pytest.approx([score for _, score in expected], rel=1e-5)


def test_only_candidates_that_some_ranking_knows_are_in_the_order():
    signals = [signal("text", 0.9, 0.5, NAN, 0.1), signal("cross", 0.2, NAN, NAN, 0.3)]
    order = fuse(signals, np.array([False, True, True, True]), {}, by_rank=True)
    assert order.rows.tolist() == [3, 1]


def test_a_picture_without_a_text_is_not_punished_for_it():
    signals = [signal("text", 1, 0, NAN, -1), signal("cross", 0, 0, 0, 0)]
    order = fuse(signals, np.ones(4, dtype=bool), {"text": 1}, by_rank=False)
    assert order.scores[2] == pytest.approx(order.scores[1]) and order.scores[3] < 0


def test_a_weight_of_nothing_says_nothing():
    signals = [signal("text", 3, 2, 1), signal("cross", 1, 2, 3)]
    order = fuse(signals, np.ones(3, dtype=bool), {"text": 0.0, "cross": 1.0}, by_rank=False)
    assert order.rows.tolist() == [2, 1, 0] and not order.shares["text"].any()


def test_scores_that_are_all_the_same_say_nothing():
    assert standard(np.array([0.3, 0.3, NAN])).tolist() == [0, 0, 0]


def test_the_paper_keeps_near_pictures_that_are_near_texts_in_the_order_of_the_pictures():
    pictures = signal("image", 0.9, 0.8, 0.7, 0.6, NAN)
    texts = signal("text", 0.1, 0.6, 0.9, 0.8, 1.0)
    assert intersect(pictures, texts, 3).rows.tolist() == [2]
    assert intersect(pictures, texts, 4).rows.tolist() == [1, 2, 3]
    assert intersect(pictures, texts, 1).rows.tolist() == []
