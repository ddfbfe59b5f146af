import numpy as np
import pytest

from tuwen.illustrate.cache import Cache
from tuwen.illustrate.spaces import TextSpace
from tuwen.illustrate.telling import Telling, title_of
from tuwen.triples.base import Triple
from tuwen.triples.given import Called

TOLD = {
    "red meets blue": [Triple("red", "meets", "blue")],
    "blue meets red": [Triple("blue", "meets", "red")],
    "green": [],
}


@pytest.fixture
def telling(five, tiny_encoder):
    five.texts[:] = ["red meets blue. And more.", "blue meets red", "green", "", "green"]
    extractor = Called(lambda texts: [TOLD.get(text, []) for text in texts])
    return Telling(five, TextSpace(tiny_encoder), extractor, Cache(None))


def test_triples_are_compared_by_their_parts_and_else_by_the_whole(telling, tiny_encoder):
    scores, complete = telling.scores("red meets blue")
    assert telling.complete == 2 and complete
    assert scores[0] == pytest.approx(1, abs=1e-5)
    whole = tiny_encoder.encode(["red meets blue", "green"], "text")
    assert scores[2] == pytest.approx(float(whole[0] @ whole[1]), abs=1e-5)
    # the same relation, and the same entities in another order
    assert scores[1] > 0.9
    assert np.isnan(scores[3])
    assert not telling.scores("green")[1]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("今日开幕。明日闭幕。", "今日开幕"),
        ("One thing. Another.", "One thing"),
        ("3.5 metres", "3.5 metres"),
        ("。x", "。x"),
    ],
)
def test_a_title_is_the_first_sentence(text, title):
    assert title_of(text) == title


def test_a_title_is_short():
    assert len(title_of("字" * 500)) == 80
