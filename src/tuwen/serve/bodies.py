"""Bodies of requests: bounded in bytes, values and time while they come, whatever their header says."""

from __future__ import annotations

import asyncio
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tuwen.serve import problems
from tuwen.serve.guard import client_of, scope_of
from tuwen.serve.held import Held
from tuwen.serve.problems import Problem
from tuwen.serve.settings import Settings

OPEN_BYTES = 4096  # of a body that nobody needs a token for: one that holds a token
VALUES = 300_000  # of JSON: some megabytes of brackets would be gigabytes of lists


class Bodies:
    """Counts what comes and how long it takes, of one request and of all at one time."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings
        self._held = Held(settings.held_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on with its body bounded."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._settings.body_bytes
        if scope_of(scope["method"], scope["path"]) is None:
            limit = min(limit, OPEN_BYTES)
        headers = dict(scope["headers"])
        announced = headers.get(b"content-length", b"0")
        if not announced.isdigit() or int(announced[:19]) > limit:
            await problems.response(_too_large(limit), scope["tuwen.id"])(scope, receive, send)
            return
        body = _Body(limit, b"json" in headers.get(b"content-type", b"json").lower())
        deadline = time.monotonic() + self._settings.body_seconds
        client = client_of(scope)

        async def bounded() -> Message:
            if body.ended:  # what is waited for now is the end of the connection, however long that takes
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), max(deadline - time.monotonic(), 0.001))
            except TimeoutError as error:
                detail = f"the body was not there after {self._settings.body_seconds:g} s"
                raise Problem(408, "slow", detail, headers=_CLOSE) from error
            size = len(message.get("body", b""))
            self._held.take(client, size)
            body.add(message)
            if not self._held.fits(client, 0):
                raise problems.busy("too much is being sent at this moment; try again")
            return message

        try:
            await self._app(scope, bounded, send)
        finally:
            self._held.give(client, body.size)


class _Body:
    """What has come of one body."""

    def __init__(self, limit: int, is_json: bool) -> None:
        self.size = self._values = 0
        self.ended = False
        self._limit, self._json = limit, is_json

    def add(self, message: Message) -> None:
        """Count a part of it.

        Raises:
            Problem: It is too large, or holds too many values.
        """
        part = message.get("body", b"")
        self.size += len(part)
        self.ended = message["type"] != "http.request" or not message.get("more_body", False)
        if self.size > self._limit:
            raise _too_large(self._limit)
        if self._json:
            self._values += sum(map(part.count, (b",", b"[", b"{")))
        if self._values > VALUES:
            detail = f"the body holds more than {VALUES:,} values; send less at once"
            raise Problem(413, "too-many", detail, headers=_CLOSE)


_CLOSE = {"Connection": "close"}


def _too_large(limit: int) -> Problem:
    return Problem(
        413, "too-large", f"the body is larger than {limit:,} bytes; send less at once", headers=_CLOSE
    )
