"""Runs a server until it is told to stop: where it listens, how long clients may take, what is logged."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from tuwen.errors import InputError
from tuwen.serve import problems
from tuwen.serve.application import around
from tuwen.serve.guard import CROWDED, HEADER_BYTES, client_of
from tuwen.serve.service import Service
from tuwen.serve.settings import Settings
from tuwen.serve.tokens import Tokens

if TYPE_CHECKING:
    from tuwen.collection import Collection

CONNECTIONS = 1000  # at a time; as many again are told that it is busy
CONNECTIONS_OF_ONE = 250  # of one client, unless it is a proxy
FILES = 4096  # that may be open, connections among them
KEEP_ALIVE_SECONDS = 15
STOP_SECONDS = 30  # for requests under way when it is told to stop; writes are finished however long


def check(settings: Settings) -> None:
    """See that a server may be reached as it is set.

    Raises:
        InputError: It could be reached from elsewhere and nobody has a token.
    """
    if not 0 <= settings.port <= 65535:
        raise InputError(f"port is {settings.port}; it must lie between 0 and 65535")
    if not settings.needs_token:
        return
    if settings.tokens is None or not Tokens(settings.tokens).all():
        where = (
            f"{settings.host} can be reached from other machines"
            if not settings.is_local
            else "it is asked for"
        )
        raise InputError(
            f"a token is needed ({where}), and there is none; make one with: tuwen token add NAME"
        )


def run(
    collections: Mapping[str, Collection], settings: Settings, ready: Callable[[str], None] | None = None
) -> None:
    """Serve collections until SIGINT or SIGTERM; then finish what was accepted.

    Args:
        collections: By the names that addresses use.
        settings: Where to listen and what is allowed.
        ready: Called with the address when questions are answered.

    Raises:
        InputError: A token is needed and there is none, or the address cannot be listened at.
        TuwenError: A collection cannot be served; see `Service.start`.
    """
    check(settings)
    service = Service(collections, settings)
    service.start()  # before anything listens, so that what is wrong is said plainly
    _set_logs()
    _allow_files()
    server = _Server(_config(service), ready)
    try:
        server.run()
    except SystemExit as error:  # uvicorn has said why
        place = f"{settings.host}:{settings.port}"
        raise InputError(f"{place} cannot be listened at; choose another with --host or --port") from error
    finally:
        service.stop()


def _config(service: Service) -> uvicorn.Config:
    settings = service.settings
    return uvicorn.Config(
        around(service),
        host=settings.host.strip("[]"),
        port=settings.port,
        http=protocol(settings),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies) or "",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        h11_max_incomplete_event_size=HEADER_BYTES,
    )


class _Server(uvicorn.Server):
    """A server that says where it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[str], None] | None) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: Any = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        if self._ready is not None and self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            self._ready(f"http://{f'[{host}]' if ':' in host else host}:{port}")


def protocol(settings: Settings) -> type[H11Protocol]:
    """The HTTP protocol with bounds on how many connect and how long a header may take.

    A client that sends a header drop by drop is let go: the time counts from the first byte of a
    connection or of a further request on it.
    """
    seconds = settings.header_seconds
    connected: Counter[str] = Counter()

    class Bounded(H11Protocol):
        _late: asyncio.TimerHandle | None = None
        _name: str | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            address = self.client[0] if self.client else ""
            name = client_of({"client": self.client})
            many = connected[name] >= CONNECTIONS_OF_ONE and not settings.is_proxy(address)
            if many or len(self.connections) > 2 * CONNECTIONS:
                transport.abort()
                return
            self._name = name
            connected[name] += 1
            if len(self.connections) > CONNECTIONS:
                self.app_state = {**self.app_state, CROWDED: True}
            self._late = self.loop.call_later(seconds, self._drop)

        def data_received(self, data: bytes) -> None:
            if self._late is None and (self.cycle is None or self.cycle.response_complete):
                self._late = self.loop.call_later(seconds, self._drop)
            super().data_received(data)
            if self._late is not None and self.cycle is not None and not self.cycle.response_complete:
                self._disarm()

        def connection_lost(self, exc: Exception | None) -> None:
            self._disarm()
            if self._name is not None:
                connected[self._name] -= 1
                if connected[self._name] == 0:
                    del connected[self._name]
            super().connection_lost(exc)

        def send_400_response(self, msg: str) -> None:
            if self.cycle is None or self.cycle.response_complete:  # else an answer is on its way
                self.transport.write(_not_http())
            self.transport.close()

        def _disarm(self) -> None:
            if self._late is not None:
                self._late.cancel()
                self._late = None

        def _drop(self) -> None:
            self._late = None
            self.transport.close()

    return Bounded


def _not_http() -> bytes:
    """The answer to what is no request."""
    identifier = secrets.token_hex(8)
    body = problems.body(400, "not-http", "this is no HTTP request that can be understood", identifier)
    data = json.dumps(body).encode()
    lines = (
        "HTTP/1.1 400 Bad Request",
        f"Content-Type: {problems.MEDIA}",
        f"Content-Length: {len(data)}",
        f"X-Request-Id: {identifier}",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
    )
    return "\r\n".join((*lines, "", "")).encode() + data


def _allow_files() -> None:
    """Let as many files be open as connections need, where the system asks for that."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows has no such bound
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _set_logs() -> None:
    """Access as lines of JSON on stdout, the rest as lines of text on stderr."""
    for name, stream, form in (
        ("tuwen.serve.access", sys.stdout, "%(message)s"),
        ("tuwen.serve", sys.stderr, "%(asctime)s %(levelname)s %(message)s"),
        ("uvicorn.error", sys.stderr, "%(asctime)s %(levelname)s %(message)s"),
    ):
        log = logging.getLogger(name)
        handler = logging.StreamHandler(stream)
        handler.setFormatter(logging.Formatter(form))
        log.handlers, log.propagate = [handler], False
        # what it warns of are faults of clients, whose requests are logged already
        log.setLevel(logging.ERROR if name == "uvicorn.error" else logging.INFO)
