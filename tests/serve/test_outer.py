"""The outermost layer, where no client can keep the rest waiting."""

import asyncio

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
