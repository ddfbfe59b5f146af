"""The first hits scored again: the order of both stages, what is kept, what is left alone or refused."""

import numpy as np
import pytest

from tiny_reranker import Backwards
from tuwen import rerank
from tuwen.errors import InputError
from tuwen.query import Part, Query
from tuwen.rerank.base import joined
from tuwen.rerank.hits import Stage, stage


def test_the_order_is_that_of_both_scores(tiny_collection):
    plain = tiny_collection.search("a red picture", k=16)
    found = tiny_collection.search("a red picture", k=16, rerank=Backwards(), depth=10)
    first = {hit.id: hit.score for hit in plain}
    chosen = [hit.id for hit in plain][:10]
    second = np.array([ord(name[0]) + 0.1 * len(name) for name in chosen])
    both = joined(np.array([first[name] for name in chosen]), second)
    assert [hit.id for hit in found][:10] == [chosen[at] for at in np.argsort(-both, kind="stable")]
    assert [hit.rank for hit in found] == [*range(1, 17)]
    assert all(hit.score == pytest.approx(first[hit.id]) for hit in found)
    assert [hit.id for hit in found][:10] != chosen  # it does change something


def test_hits_below_the_depth_keep_their_order(tiny_collection):
    plain = tiny_collection.search("a red picture", k=16)
    found = tiny_collection.search("a red picture", k=16, rerank=Backwards(), depth=6)
    assert [hit.id for hit in found][6:] == [hit.id for hit in plain][6:]
    assert [hit.rerank_score is None for hit in found] == [False] * 6 + [True] * 10


def test_a_depth_beyond_the_hits_takes_all(tiny_collection):
    found = tiny_collection.search(
        "red", k=3, rerank=Backwards(), depth=1000, where="label in ('red', 'blue')"
    )
    whole = tiny_collection.search("red", k=90, rerank=Backwards(), depth=4, where="label in ('red', 'blue')")
    assert [hit.id for hit in found] == [hit.id for hit in whole][:3]
    assert len(whole) == 4


@pytest.mark.parametrize("how", [{}, {"diversity": 0.5}, {"hybrid": True}, {"group": True}])
def test_pages_join_to_the_whole(tiny_collection, how):
    whole = tiny_collection.search("red", k=16, rerank=Backwards(), depth=6, **how)
    pages = [
        hit
        for page in range(4)
        for hit in tiny_collection.search("red", k=4, offset=4 * page, rerank=Backwards(), depth=6, **how)
    ]
    assert [hit.id for hit in pages] == [hit.id for hit in whole]


def test_one_hit_an_entity_is_the_best_after_reranking(tiny_collection):
    tiny_collection.update("image", "yellow-1", entity="yellow-0")
    whole = [hit.id for hit in tiny_collection.search("yellow", k=16, rerank=Backwards(), depth=16)]
    grouped = [
        hit.id for hit in tiny_collection.search("yellow", k=16, rerank=Backwards(), depth=16, group=True)
    ]
    later = max(("yellow-0", "yellow-1"), key=whole.index)
    assert grouped == [name for name in whole if name != later]


def test_what_cannot_be_read_is_listed_and_placed_by_stage_one(tiny_collection):
    found = tiny_collection.search("red", k=16, rerank=Backwards(blind=("red-0",)))
    assert [one.item for one in found.unscored] == ["red-0"]
    assert next(hit for hit in found if hit.id == "red-0").rerank_score is None
    assert len(found) == 16


def test_items_without_a_file_are_not_fatal(tiny_collection):
    vectors = tiny_collection.vectors("image", ["red-0"])
    tiny_collection.add_vectors("image", ["bare"], vectors)
    found = tiny_collection.search("red", k=17, rerank=Backwards())
    assert [(one.item, one.code) for one in found.unscored] == [("bare", "empty")]
    assert "bare" in [hit.id for hit in found]


def test_what_was_read_is_kept_in_the_folder(tiny_collection):
    tiny_collection.search("red", rerank=Backwards())
    again = Backwards()
    tiny_collection.search("red", rerank=again)
    assert again.reads == 1  # the query alone
    assert tiny_collection.verify() == []
    tiny_collection.update("image", "red-0", label="scarlet")
    tiny_collection.search("red", rerank=again)
    assert again.reads == 2


def test_words_ask_for_pictures_and_back(tiny_collection, tiny_pictures):
    texts = tiny_collection.search(tiny_pictures / "red-0.png", kind="text", rerank=Backwards(), k=3)
    assert len(texts) == 3
    with pytest.raises(InputError, match="texts asking for texts cannot"):
        tiny_collection.search("red", kind="text", rerank=Backwards())
    with pytest.raises(InputError, match="images asking for images cannot"):
        tiny_collection.search(tiny_pictures / "red-0.png", rerank=Backwards())
    with pytest.raises(InputError, match="a vector cannot be reranked"):
        tiny_collection.search(np.ones(tiny_collection.width), rerank=Backwards())


def test_unwanted_words_count_against(tiny_collection):
    made = Stage(tiny_collection, Backwards())
    view = tiny_collection.store.view
    keys = view.keys("images")
    query = Query(parts=(Part(text="red"), Part(text="blue", weight=-1.0)))
    judged = made.order(view, "image", made.asked(query, "image"), keys, np.linspace(1, 0, len(keys)))
    assert judged.second == pytest.approx(np.zeros(len(keys)))  # both words say the same of all
    assert judged.order.tolist() == [*range(len(keys))]


def test_json_has_both_scores_and_the_time(tiny_collection):
    found = tiny_collection.search("red", k=2, rerank=Backwards(), depth=1)
    with_it, without = found.to_dicts()
    assert {"score", "rerank_score"} <= set(with_it)
    assert "rerank_score" not in without
    assert found.rerank_ms > 0
    assert tiny_collection.search("red").rerank_ms is None


@pytest.mark.parametrize(
    ("wrong", "match"), [({"depth": 0}, "depth is 0"), ({"rerank_weight": -1}, "weight")]
)
def test_wrong_options_are_refused(tiny_collection, wrong, match):
    with pytest.raises(InputError, match=match):
        tiny_collection.search("red", rerank=Backwards(), **wrong)


def test_many_queries_are_reranked_as_single_ones_are(tiny_collection):
    queries = ["a red picture", "blue", "一张绿色的图片"]
    found, mirror = tiny_collection.match(queries, k=4, rerank=Backwards(), depth=8)
    assert mirror is None
    for query, ids, scores in zip(queries, found.item_ids, found.rerank_scores, strict=True):
        one = tiny_collection.search(query, k=4, rerank=Backwards(), depth=8, exact=True)
        assert ids == [hit.id for hit in one]
        assert scores == pytest.approx([hit.rerank_score for hit in one])
    assert found.rerank_ms > 0


def test_probabilities_move_with_their_items(tiny_collection):
    plain, _ = tiny_collection.match(["red"], k=8, probability=True)
    found, _ = tiny_collection.match(["red"], k=8, probability=True, rerank=Backwards(), depth=8)
    shares = dict(zip(plain.item_ids[0], plain.probabilities[0], strict=True))
    assert found.probabilities[0] == pytest.approx([shares[name] for name in found.item_ids[0]])


def test_what_many_queries_need_is_said(tiny_collection):
    vectors = tiny_collection.encoder.encode(["red"], "text")
    with pytest.raises(InputError, match="not vectors alone"):
        tiny_collection.match(vectors, rerank=Backwards())
    with pytest.raises(InputError, match="mirror"):
        tiny_collection.match(["red"], rerank=Backwards(), both=True)
    found, _ = tiny_collection.match(vectors, rerank=Backwards(), contents=["red"], k=2)
    assert found.rerank_scores.shape == (1, 2)


def test_a_reranker_is_opened_once(tiny_collection):
    one = Backwards()
    light, heavy = tiny_collection.stage(one), tiny_collection.stage(one, 7.0)
    assert (light.weight, heavy.weight) == (rerank.WEIGHT, 7.0)
    assert light.reranker is heavy.reranker
    assert stage(tiny_collection, one).weight == rerank.WEIGHT


def test_weights_that_requests_choose_open_nothing_anew(tiny_collection, monkeypatch):
    opened = []
    monkeypatch.setattr("tuwen.rerank.hits.load", lambda spec, known: opened.append(spec) or Backwards())
    for weight in (0.1, 0.2, 0.3, None):
        tiny_collection.search("a red picture", k=2, rerank="folder", rerank_weight=weight)
    assert opened == ["folder"]
