"""Many questions, answered line by line."""

import asyncio
import json

import pytest

from serving import COLLECTION, problem
from tuwen.serve import matching
from tuwen.serve.schemas import Match


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
        asked = Match.model_validate({"queries": [{"text": "red"}] * (3 * matching.BLOCK)})
        first = matching._block(tiny_collection, asked, 0)
        made = matching._lines(tiny_collection, Service(), Request(), asked, first)
        return [piece async for piece in made]

    (piece,) = asyncio.run(read())
    assert len(piece.splitlines()) == matching.BLOCK
