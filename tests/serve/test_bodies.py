"""Bodies are bounded while they come."""

import asyncio

import pytest

from serving import API, COLLECTION, asked, problem
from tuwen.serve.bodies import Bodies
from tuwen.serve.problems import Problem
from tuwen.serve.settings import Settings

JSON = {"Content-Type": "application/json"}


def test_an_announced_body_that_is_too_large_is_not_read(tiny_collection, tmp_path):
    with asked(tiny_collection, tmp_path, body_bytes=1000) as client:
        answer = client.post(f"{COLLECTION}/search", content=b"x" * 1001, headers=JSON)
        problem(answer, 413, "too-large")
        assert client.post(f"{COLLECTION}/search", json={"query": "red"}).status_code == 200


def test_a_body_that_announces_nothing_is_counted(tiny_collection, tmp_path):
    def pieces():
        for _ in range(100):
            yield b"x" * 100

    with asked(tiny_collection, tmp_path, body_bytes=1000) as client:
        problem(client.post(f"{COLLECTION}/search", content=pieces(), headers=JSON), 413, "too-large")
        form = {"Content-Type": "multipart/form-data; boundary=x"}
        answer = client.post(f"{COLLECTION}/search/upload", content=pieces(), headers=form)
        assert answer.status_code in (400, 413)


@pytest.mark.parametrize("length", ["-1", "many", "1" * 30])
def test_an_impossible_length_is_refused(client, length):
    answer = client.post(f"{COLLECTION}/search", content=b"{}", headers=JSON | {"Content-Length": length})
    problem(answer, 413, "too-large")


def run(settings, messages, scope=None):
    """What an application behind `Bodies` meets when it reads all of a body."""

    async def receive():
        message = messages.pop(0)
        await asyncio.sleep(message.pop("after", 0))
        return {"type": "http.request"} | message

    async def app(scope, receive, send):
        while (await receive()).get("more_body"):
            pass

    bodies = Bodies(app, settings)
    made = {"type": "http", "method": "POST", "path": "/api/v1/x", "headers": [], "tuwen.id": "x"}
    made |= scope or {}
    try:
        asyncio.run(bodies(made, receive, None))
    finally:
        assert bodies._held.total == 0


def test_a_body_that_comes_drop_by_drop_is_not_waited_for():
    drops = [{"body": b"x", "more_body": True, "after": 0.05} for _ in range(20)]
    with pytest.raises(Problem) as raised:
        run(Settings(body_seconds=0.12), drops)
    assert raised.value.status_code == 408
    assert len(drops) > 15


def test_all_bodies_together_are_bounded():
    with pytest.raises(Problem) as raised:
        run(Settings(held_bytes=10), [{"body": b"x" * 11, "more_body": False}])
    assert raised.value.status_code == 503 and raised.value.headers["Retry-After"]


@pytest.mark.parametrize(
    "body", [b'{"parts":[' + b"[]," * 400_000, b"[" * 400_000, b'{"a":' * 400_000, b'{"a":1,' * 400_000]
)
def test_brackets_that_would_be_gigabytes_of_lists_are_not_read(client, body):
    problem(client.post(f"{COLLECTION}/search", content=body, headers=JSON), 413, "too-many")
    problem(client.post(f"{COLLECTION}/search", content=body), 413, "too-many")


def test_many_texts_with_commas_are_read(client):
    queries = [{"text": "red, blue, and green"}] * 5000
    assert client.post(f"{COLLECTION}/match", json={"queries": queries, "k": 1}).status_code == 200


def test_without_a_token_little_can_be_sent(client):
    problem(client.post(f"{API}/session", json={"token": "x" * 5000}), 413, "too-large")
