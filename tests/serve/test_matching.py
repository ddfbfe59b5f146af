"""Many questions, answered line by line."""

import asyncio
import json

import pytest

from serving import COLLECTION, asked, picture, problem
from tiny_reranker import Backwards
from tuwen.serve import matching
from tuwen.serve.schemas import MatchOptions
from tuwen.serve.tokens import Tokens


def lines(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in answer.text.splitlines()]


def test_each_query_has_a_line_and_the_last_says_how_many(client):
    queries = [{"id": "r", "text": "red"}, {"text": "蓝"}, {"item": {"kind": "image", "id": "green-0"}}]
    found = lines(client.post(f"{COLLECTION}/match", json={"queries": queries, "k": 2}))
    assert [line.get("query") for line in found] == ["r", "1", "2", None]
    firsts = [line["hits"][0]["id"].split("-")[0] for line in found[:3]]
    assert firsts == ["red", "blue", "green"]
    assert found[-1] == {"done": 3}


def test_a_bad_query_is_named_and_the_rest_goes_on(client):
    queries = [
        {"id": "both", "text": "red", "item": {"kind": "image", "id": "red-0"}},
        {"id": "none"},
        {"id": "gone", "item": {"kind": "image", "id": "nobody"}},
        {"id": "good", "text": "red"},
    ]
    found = lines(client.post(f"{COLLECTION}/match", json={"queries": queries, "k": 1}))
    assert [line["error"]["code"] for line in found[:3]] == ["bad-input", "bad-input", "no-item"]
    assert found[3]["hits"][0]["id"].startswith("red")


def test_more_queries_than_a_block_come_in_order(client):
    queries = [{"text": "red"}] * (matching.BLOCK + 5)
    found = lines(client.post(f"{COLLECTION}/match", json={"queries": queries, "k": 1}))
    assert [line["query"] for line in found[:-1]] == [str(number) for number in range(len(queries))]


def test_probabilities_come_when_asked_for(client):
    sent = {"queries": [{"text": "red"}], "k": 16, "probability": True}
    hits = lines(client.post(f"{COLLECTION}/match", json=sent))[0]["hits"]
    assert sum(hit["probability"] for hit in hits) == pytest.approx(1, abs=1e-4)


def test_no_queries_are_a_problem(client):
    problem(client.post(f"{COLLECTION}/match", json={"queries": []}), 422, "invalid")


def test_a_client_that_goes_stops_the_work(tiny_collection):
    """The stream asks before each block whether anyone still listens."""

    class Request:
        asked = 0

        async def is_disconnected(self):
            self.asked += 1
            return self.asked > 1

    class Service:
        async def ask(self, *_):
            raise AssertionError("a block was answered for nobody")

    async def read():
        made = matching._lines(tiny_collection, Service(), Request(), queries, [{"query": "0", "hits": []}])
        return [piece async for piece in made]

    queries = matching.Queries(["q"] * (3 * matching.BLOCK), lambda _: ({}, {}), MatchOptions())
    assert asyncio.run(read()) == ['{"query": "0", "hits": []}\n']


def send(client, *files, **how):
    """Pictures as files, with options."""
    listed = [("files", (name, data, "image/png")) for name, data in files]
    return client.post(f"{COLLECTION}/match/upload", files=listed, data={"match": json.dumps(how)})


def test_pictures_are_matched_with_texts_and_bad_ones_are_named(client):
    bad, drawing = ("../bad.png", b"no picture"), ("svg.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    found = lines(send(client, ("r.png", picture()), bad, drawing, ("b.png", picture((30, 60, 220))), k=1))
    assert [line.get("query") for line in found] == ["r.png", "bad.png", "svg.png", "b.png", None]
    assert found[0]["hits"][0]["id"].startswith("red-0#") and found[3]["hits"][0]["id"].startswith("blue")
    assert [line["error"]["code"] for line in found[1:3]] == ["not-a-picture", "unsupported-format"]
    assert found[-1] == {"done": 4}


def test_pictures_are_matched_with_pictures_when_asked(client):
    found = lines(send(client, ("b.png", picture((30, 60, 220))), kind="image", k=2))
    assert {hit["id"] for hit in found[0]["hits"]} == {"blue-0", "blue-1"}


def test_more_pictures_than_a_block_come_in_order_from_one_request(client):
    files = [(f"{n}.png", picture()) for n in range(2 * matching.PICTURES + 1)]
    found = lines(send(client, *files, k=1))
    assert [line.get("query") for line in found[:-1]] == [name for name, _ in files]


def test_a_token_that_may_only_read_is_enough(tiny_collection, tmp_path):
    made = Tokens(tmp_path / "tokens.json").add("alice", ("read",))
    with asked(tiny_collection, tmp_path, tokens=tmp_path / "tokens.json", require_token=True) as client:
        problem(send(client, ("r.png", picture())), 401, "token")
        client.headers["Authorization"] = f"Bearer {made}"
        assert lines(send(client, ("r.png", picture())))[-1] == {"done": 1}


def test_pictures_out_of_bounds_are_refused_like_any_upload(tiny_collection, tmp_path):
    wide = picture(size=(1200, 1000))
    with asked(tiny_collection, tmp_path, megapixels=1) as client:
        found = lines(send(client, ("wide.png", wide), ("r.png", picture()), k=1))
        assert found[0]["error"]["code"] == "too-large" and found[1]["hits"]
        problem(send(client, *[("a.png", picture())] * 201), 422, "invalid")
        problem(send(client, ("a.png", picture()), k=0), 422, "invalid")
        problem(client.post(f"{COLLECTION}/match/upload"), 422, "invalid")


@pytest.mark.parametrize(
    ("how", "expected"),
    [("mutual", {"r": "red", "g": "green"}), ("optimal", {"r": "red", "again": "red", "g": "green"})],
)
def test_pairs_come_after_the_lines_and_give_no_item_twice(client, how, expected):
    queries = [
        {"id": "r", "text": "red"},
        {"id": "again", "text": "red"},
        {"id": "none"},
        {"id": "g", "text": "green"},
    ]
    found = lines(client.post(f"{COLLECTION}/match", json={"queries": queries, "k": 1, "pairs": how}))
    pairs = [line["pair"] for line in found if "pair" in line]
    assert found.index({"done": 4}) == len(found) - 1 == 4 + len(pairs)
    assert {each["query"]: each["id"].split("-")[0] for each in pairs} == expected
    assert len({each["id"] for each in pairs}) == len(pairs)
    assert all(queries[each["number"]]["id"] == each["query"] for each in pairs)


def test_too_many_pairs_to_weigh_are_said_at_the_end(client, monkeypatch):
    monkeypatch.setattr("tuwen.one_to_one.MOST", 1)
    found = lines(client.post(f"{COLLECTION}/match", json={"queries": [{"text": "red"}], "pairs": "optimal"}))
    assert found[0]["hits"] and found[-1]["error"]["status"] == 400
    assert "too many" in found[-1]["error"]["detail"]


def test_names_and_texts_come_when_asked_for(client):
    sent = {"queries": [{"text": "red"}], "k": 1, "details": True, "pairs": "mutual"}
    first, paired, _ = lines(client.post(f"{COLLECTION}/match", json=sent))
    assert first["hits"][0]["name"] == paired["pair"]["name"] == f"{first['hits'][0]['id']}.png"
    assert first["hits"][0]["text"] is None
    first, *_ = lines(client.post(f"{COLLECTION}/match", json=sent | {"kind": "text"}))
    assert "red" in first["hits"][0]["text"] or "红" in first["hits"][0]["text"]


def test_a_second_stage_puts_the_first_hits_of_each_query_in_order(tiny_collection, tmp_path, monkeypatch):
    monkeypatch.setattr("tuwen.rerank.hits.load", lambda spec, known: Backwards())
    queries = [{"text": "red"}, {"item": {"kind": "image", "id": "red-0"}}, {"text": "blue"}]
    sent = {"queries": queries, "k": 4, "rerank": "head", "depth": 10, "rerank_weight": 1000}
    with asked(tiny_collection, tmp_path, rerankers={"head": tmp_path / "head"}) as client:
        found = lines(client.post(f"{COLLECTION}/match", json=sent))
        problem(client.post(f"{COLLECTION}/match", json={**sent, "rerank": "/etc"}), 400, "bad-input")
    assert found[1]["error"]["code"] == "bad-input"
    for line, word in ((found[0], "red"), (found[2], "blue")):
        same = tiny_collection.search(word, k=4, rerank="head", depth=10, rerank_weight=1000)
        assert [hit["id"] for hit in line["hits"]] == [hit.id for hit in same]
        scores = [hit["rerank_score"] for hit in line["hits"]]
        assert scores == sorted(scores, reverse=True)


def test_pictures_that_are_sent_are_reranked_too(tiny_collection, tmp_path, monkeypatch):
    monkeypatch.setattr("tuwen.rerank.hits.load", lambda spec, known: Backwards())
    with asked(tiny_collection, tmp_path, rerankers={"head": tmp_path / "head"}) as client:
        found = lines(send(client, ("one.png", picture()), k=2, rerank="head"))
    assert all(hit["rerank_score"] is not None for hit in found[0]["hits"])
