"""The outermost layer, where no client can keep the rest waiting."""

import asyncio
import time

import pytest

from serving import API, COLLECTION, asked
from tuwen.serve import outer as outermost
from tuwen.serve.metrics import Metrics
from tuwen.serve.outer import Outer
from tuwen.serve.settings import Settings

SCOPE = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
START = {"type": "http.response.start", "status": 200, "headers": []}


def run(app, send):
    metrics = Metrics()
    outer = Outer(app, Settings(send_seconds=0.05), metrics)
    asyncio.run(outer(dict(SCOPE), None, send))
    assert metrics.running == 0
    return metrics.text()


def test_a_client_that_takes_nothing_is_let_go():
    sent = []

    async def app(scope, receive, send):
        await send(dict(START))
        for _ in range(100):
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            sent.append(1)

    async def slow(message):
        if message["type"] == "http.response.body":
            await asyncio.sleep(60)

    assert 'status="200"} 1' in run(app, slow)
    assert sent == []


def test_a_fault_before_the_answer_is_a_problem_and_after_it_the_end():
    answers = []

    async def send(message):
        answers.append(message)

    async def early(scope, receive, send):
        raise RuntimeError("secret")

    async def late(scope, receive, send):
        await send(dict(START))
        raise RuntimeError("secret")

    run(early, send)
    assert answers[0]["status"] == 500 and b"secret" not in answers[1]["body"]
    answers.clear()
    run(late, send)
    assert [message["type"] for message in answers] == ["http.response.start"]


def test_only_requests_are_taken():
    async def app(scope, receive, send):
        raise AssertionError("a socket was opened")

    outer = Outer(app, Settings(), Metrics())
    asyncio.run(outer({"type": "websocket"}, None, None))


@pytest.mark.parametrize(
    "path", ["/", f"{API}/health/live", f"{COLLECTION}/pictures/red-0", f"{API}/nothing"]
)
def test_head_is_get_without_a_body(tiny_collection, tmp_path, path):
    with asked(tiny_collection, tmp_path) as client:
        got, head = client.get(path), client.head(path)
    assert head.status_code == got.status_code and head.content == b""
    for name in ("content-type", "content-length", "etag"):
        assert head.headers.get(name) == got.headers.get(name)


def answering(size):
    async def app(scope, receive, send):
        length = [(b"content-length", str(size).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        await send({"type": "http.response.body", "body": b"x" * size})

    return app


def test_large_answers_that_nobody_takes_do_not_pile_up():
    """Two slow clients of one address hold what one address may; the third is told to come again."""
    size, answers = 200_000, []
    outer = Outer(answering(size), Settings(held_bytes=4 * size, send_seconds=0.2), Metrics())

    async def one(number, address, slow):
        async def send(message):
            if slow and message["type"] == "http.response.body":
                await asyncio.sleep(60)
            elif message["type"] == "http.response.start":
                answers.append((number, message["status"]))

        await outer({**SCOPE, "client": (address, 1)}, None, send)

    async def all_of_them():
        slow = [asyncio.create_task(one(number, "192.0.2.1", True)) for number in range(2)]
        await asyncio.sleep(0.05)
        await one(2, "192.0.2.1", False)
        await one(3, "192.0.2.2", False)
        await asyncio.gather(*slow)
        await one(4, "192.0.2.1", False)

    asyncio.run(all_of_them())
    assert answers == [(0, 200), (1, 200), (2, 503), (3, 200), (4, 200)]
    assert outer._held.total == 0


def test_a_long_answer_goes_in_pieces_and_not_drop_by_drop(monkeypatch):
    monkeypatch.setattr(outermost, "PIECE", 1000)
    monkeypatch.setattr(outermost, "SLOWEST", 100_000)
    pieces, begun = [], time.monotonic()

    async def slow(message):
        if message["type"] == "http.response.body":
            pieces.append(message)
            await asyncio.sleep(0.02)  # never long, and half as fast as is asked for

    run(answering(100_000), slow)
    assert 3 <= len(pieces) < 20 and time.monotonic() - begun < 1
    assert all(len(piece["body"]) == 1000 and piece["more_body"] for piece in pieces)


def test_an_answer_in_pieces_is_whole(monkeypatch):
    monkeypatch.setattr(outermost, "PIECE", 1000)
    pieces = []

    async def send(message):
        pieces.append(message)

    run(answering(2500), send)
    assert [len(piece["body"]) for piece in pieces[1:]] == [1000, 1000, 500]
    assert [piece["more_body"] for piece in pieces[1:]] == [True, True, False]
