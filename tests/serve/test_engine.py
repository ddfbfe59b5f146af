"""Calls in a bounded number of threads."""

import asyncio
import threading

import pytest

from tuwen.serve.engine import Engine
from tuwen.serve.problems import Problem


def test_calls_too_many_are_told_to_come_again():
    async def ask():
        engine, gate = Engine(1, 1, 30), threading.Event()
        calls = [asyncio.create_task(engine.run(gate.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Problem) as raised:
            await engine.run(gate.wait)
        gate.set()
        assert await asyncio.gather(*calls) == [True, True]
        assert engine.pending == 0
        engine.close()
        return raised.value

    problem = asyncio.run(ask())
    assert problem.status_code == 503 and problem.headers["Retry-After"] == "1"


def test_a_call_that_takes_too_long_keeps_its_place_until_it_ends():
    async def ask():
        engine, gate = Engine(1, 0, 0.05), threading.Event()
        with pytest.raises(Problem) as raised:
            await engine.run(gate.wait)
        pending = engine.pending
        gate.set()
        while engine.pending:
            await asyncio.sleep(0.01)
        engine.close()
        return raised.value.status_code, pending

    assert asyncio.run(ask()) == (504, 1)


def test_what_a_call_raises_is_raised():
    async def ask():
        engine = Engine(1, 8, 30)
        with pytest.raises(TimeoutError, match="own"):
            await engine.run(lambda: (_ for _ in ()).throw(TimeoutError("own")))
        engine.close()

    asyncio.run(ask())
