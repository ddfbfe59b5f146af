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
_access = logging.getLogger("tuwen.serve.access")
_log = logging.getLogger("tuwen.serve")


class Outer:
    """Wraps everything else; nothing that is raised inside gets past it."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self._app, self._settings, self._metrics = app, settings, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        start, answer = time.perf_counter(), _Answer(scope, send, self._settings)
        scope["tuwen.id"] = answer.id
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
            self._note(scope, answer, time.perf_counter() - start)

    def _note(self, scope: Scope, answer: _Answer, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        self._metrics.answered(scope["method"], route, answer.status, seconds)
        if not _access.isEnabledFor(logging.INFO):
            return
        client = scope.get("client")
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "id": answer.id,
            "client": client[0] if client else "",
            "token": scope.get("tuwen.token", ""),
            "method": scope["method"][:16],
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
    """One answer on its way: its headers completed, its pieces timed and counted."""

    def __init__(self, scope: Scope, send: Send, settings: Settings) -> None:
        self.id = secrets.token_hex(8)
        self.status = self.bytes = 0
        self._page = not scope["path"].startswith("/api/")
        self._send, self._settings = send, settings

    async def send(self, message: Message) -> None:
        """Hand on a part of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self.id
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Content-Security-Policy", PAGE_POLICY if self._page else API_POLICY)
            headers.setdefault("Cache-Control", "no-store")
        elif message["type"] == "http.response.body":
            self.bytes += len(message.get("body", b""))
        try:
            await asyncio.wait_for(self._send(message), self._settings.send_seconds)
        except (TimeoutError, OSError) as error:
            raise _Gone from error
