"""Calls of the engine in a bounded number of threads, so that the event loop never waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from tuwen.serve.problems import Problem, busy

T = TypeVar("T")


class Engine:
    """Threads that work for requests; those too many are told to come again.

    Args:
        workers: Threads.
        waiting: Calls that may wait for one.
        seconds: For a call, with its waiting.
    """

    def __init__(self, workers: int, waiting: int, seconds: float) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="engine")
        self._most = workers + waiting
        self._seconds = seconds
        self.pending = 0  # only the event loop changes it

    async def run(self, function: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """What the function returns.

        Raises:
            Problem: 503 when too many calls wait, 504 when it takes too long. It then still runs to its
                end, for a thread cannot be stopped, and its place stays taken until then.
        """
        if self.pending >= self._most:
            raise busy("too many requests wait for an answer; try again")
        self.pending += 1
        future = asyncio.wrap_future(self._pool.submit(lambda: function(*arguments, **options)))
        future.add_done_callback(self._done)
        try:
            return await asyncio.wait_for(asyncio.shield(future), self._seconds)
        except TimeoutError as error:
            if future.done():  # the function's own
                raise
            raise Problem(504, "too-long", f"no answer after {self._seconds:g} s; ask for less") from error

    def _done(self, future: asyncio.Future[Any]) -> None:
        self.pending -= 1
        if not future.cancelled():
            future.exception()  # it was raised to the caller, or the caller has gone

    def close(self) -> None:
        """Let running calls end and take no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)
