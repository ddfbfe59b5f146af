"""The outermost layer: request ids, security headers, the access log, times, and no stack traces out."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tuwen.serve import problems
from tuwen.serve.guard import client_of
from tuwen.serve.held import Held
from tuwen.serve.metrics import Metrics
from tuwen.serve.settings import Settings

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""What the page may load: its own files only, and no script or style inside it."""

API_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}
PIECE = 1 << 18  # bytes of an answer that are handed on at once
SLOWEST = 16 << 10  # bytes a second that a client must take of a long answer
SMALL = 1 << 16  # answers up to this are sent however many large ones are on their way
_access = logging.getLogger("tuwen.serve.access")
_log = logging.getLogger("tuwen.serve")


class Outer:
    """Wraps everything else; nothing that is raised inside gets past it."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self._app, self._settings, self._metrics = app, settings, metrics
        self._held = Held(settings.held_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        start, answer = time.perf_counter(), _Answer(scope, send, self._settings, self._held)
        scope["tuwen.id"] = answer.id
        method = scope["method"]
        if method == "HEAD":  # is GET whose body is left out
            scope["method"] = "GET"
        self._metrics.running += 1
        try:
            await self._app(scope, receive, answer.send)
        except (asyncio.CancelledError, _Gone):
            answer.status = answer.status or 499
        except Exception as error:
            _log.exception("request %s failed", answer.id)
            if answer.status == 0:
                await problems.response(problems.of(error, {}), answer.id)(scope, receive, answer.send)
        finally:
            self._metrics.running -= 1
            answer.end()
            self._note(scope, method, answer, time.perf_counter() - start)

    def _note(self, scope: Scope, method: str, answer: _Answer, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        self._metrics.answered(method, route, answer.status, seconds)
        if not _access.isEnabledFor(logging.INFO):
            return
        client = scope.get("client")
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "id": answer.id,
            "client": client[0] if client else "",
            "token": scope.get("tuwen.token", ""),
            "method": method[:16],
            "route": route,
            "status": answer.status,
            "bytes": answer.bytes,
            "ms": round(seconds * 1000, 2),
        }
        if self._settings.log_queries:
            line |= {"path": scope["path"], "query": scope["query_string"].decode("latin-1")}
            line |= {"asked": scope["tuwen.asked"]} if "tuwen.asked" in scope else {}
        _access.info("%s", json.dumps(line))  # as ASCII: nothing a client sends can break a line


class _Gone(Exception):
    """The client takes nothing any more."""


class _Answer:
    """One answer on its way: its headers completed, its pieces timed, counted, and bounded in memory."""

    def __init__(self, scope: Scope, send: Send, settings: Settings, held: Held) -> None:
        self.id = secrets.token_hex(8)
        self.status = self.bytes = 0
        self._scope, self._client = scope, client_of(scope)
        self._page = not scope["path"].startswith("/api/")
        self._bare = scope["method"] == "HEAD"
        self._send, self._settings, self._all = send, settings, held
        self._own, self._waited, self._refused = 0, 0.0, False

    async def send(self, message: Message) -> None:
        """Hand on a part of the answer."""
        if self._refused:
            return
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            length = int(headers.get("content-length", "0"))
            if length > SMALL and not self._bare and not self._all.fits(self._client, length):
                await self._refuse()
                return
            self._own = length
            self._all.take(self._client, length)
            self.status = message["status"]
            self._complete(headers)
            await self._hand_on(message)
        elif message["type"] == "http.response.body":
            body = b"" if self._bare else message.get("body", b"")
            whole, last = memoryview(body), max(len(body) - 1, 0) // PIECE
            for number in range(last + 1):  # a client that takes a piece now and then is slow too
                piece = bytes(whole[number * PIECE : (number + 1) * PIECE])
                more = message.get("more_body", False) or number < last
                self.bytes += len(piece)
                await self._hand_on({"type": message["type"], "body": piece, "more_body": more})
        else:
            await self._hand_on(message)

    def end(self) -> None:
        """It is sent, or will not be."""
        self._all.give(self._client, self._own)
        self._own = 0

    async def _refuse(self) -> None:
        answer = problems.response(
            problems.busy("many large answers are on their way; try again", 5), self.id
        )
        await answer(self._scope, _nothing, self.send)
        self._refused = True  # what was to be sent is not

    def _complete(self, headers: MutableHeaders) -> None:
        headers["X-Request-Id"] = self.id
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        headers.setdefault("Content-Security-Policy", PAGE_POLICY if self._page else API_POLICY)
        headers.setdefault("Cache-Control", "no-store")

    async def _hand_on(self, message: Message) -> None:
        begun = time.monotonic()
        try:
            await asyncio.wait_for(self._send(message), self._settings.send_seconds)
        except (TimeoutError, OSError) as error:
            raise _Gone from error
        self._waited += time.monotonic() - begun
        if self._waited > self._settings.send_seconds + self.bytes / SLOWEST:
            raise _Gone


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
