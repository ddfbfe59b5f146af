"""Bodies of requests: bounded in bytes and in time while they come, whatever their header says."""

from __future__ import annotations

import asyncio
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tuwen.serve import problems
from tuwen.serve.problems import Problem
from tuwen.serve.settings import Settings


class Bodies:
    """Counts what comes and how long it takes, of one request and of all at one time."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on with its body bounded."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit, own, ended = self._settings.body_bytes, 0, False
        deadline = time.monotonic() + self._settings.body_seconds
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or int(announced[:19]) > limit:
            await problems.response(self._too_large(), scope["tuwen.id"])(scope, receive, send)
            return

        async def bounded() -> Message:
            nonlocal own, ended
            if ended:  # what is waited for now is the end of the connection, however long that takes
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), max(deadline - time.monotonic(), 0.001))
            except TimeoutError as error:
                detail = f"the body was not there after {self._settings.body_seconds:g} s"
                raise Problem(408, "slow", detail, headers={"Connection": "close"}) from error
            size = len(message.get("body", b""))
            own, self._held = own + size, self._held + size
            ended = message["type"] != "http.request" or not message.get("more_body", False)
            if own > limit:
                raise self._too_large()
            if self._held > self._settings.held_bytes:
                raise problems.busy("too much is being sent at this moment; try again")
            return message

        try:
            await self._app(scope, bounded, send)
        finally:
            self._held -= own

    def _too_large(self) -> Problem:
        limit = self._settings.body_bytes
        detail = f"the body is larger than {limit:,} bytes; send less at once"
        return Problem(413, "too-large", detail, headers={"Connection": "close"})
