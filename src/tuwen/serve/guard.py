"""Who may ask at all: the name asked under, the origin, the rate, the token; before a body is read."""

from __future__ import annotations

import asyncio
import ipaddress
import math
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from tuwen.serve import problems
from tuwen.serve.metrics import Metrics
from tuwen.serve.problems import Problem, busy
from tuwen.serve.rates import Rates
from tuwen.serve.settings import Settings
from tuwen.serve.tokens import SCOPES, Token, Tokens

API = "/api/v1"
COOKIE = "tuwen_token"
HEADER_BYTES = 16 << 10  # of all headers, and of an address
SAFE = {"GET", "HEAD", "OPTIONS"}
_OWN_SITES = ("none", "same-origin")
WRONG_A_SECOND, WRONG_AT_ONCE = 0.2, 10  # wrong tokens of one client: each costs a scrypt
CHECKS = 50  # tokens that wait to be checked; some two seconds
CROWDED = "tuwen.crowded"  # in the state of a connection that is one too many

_OPEN = {f"{API}/health/live", f"{API}/health/ready", f"{API}/session", f"{API}/openapi.json"}
_READING_POSTS = re.compile(rf"{API}/collections/[^/]+/(search|match|illustrate|export|heat)(/[a-z]+)?")
_COSTLY = re.compile(rf"{API}/collections/[^/]+/heat(/[a-z]+)?")
COST = 50  # requests that one of these counts as: so many pictures are encoded


def scope_of(method: str, path: str) -> str | None:
    """The scope that a request needs: `read`, `write`, or None for what everyone may see."""
    if not path.startswith("/api") or path in _OPEN:
        return None
    if method in SAFE or (method == "POST" and _READING_POSTS.fullmatch(path)):
        return "read"
    return "write"


class Guard:
    """Turns away what may not ask, in the order of what it costs to find out."""

    def __init__(self, app: ASGIApp, settings: Settings, tokens: Tokens | None, metrics: Metrics) -> None:
        self._app, self._settings, self._tokens, self._metrics = app, settings, tokens, metrics
        self._rates = Rates(settings.rate, settings.burst)
        self._wrong = Rates(WRONG_A_SECOND, WRONG_AT_ONCE)
        self._origins = set(settings.origins)
        # one thread: however many clients try tokens, the other cores are left to answers
        self._hashing, self._checks = ThreadPoolExecutor(1, thread_name_prefix="tokens"), 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer with a problem."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            if scope.get("state", {}).get(CROWDED):
                raise busy("too many connections; try again", 5)
            headers = _headers(scope)
            self._check_host(headers)
            self._check_origin(scope, headers)
            self._check_rate(scope)
            await self._check_token(scope, headers)
        except Problem as problem:
            self._metrics.refused(problem.code)
            await problems.response(problem, scope["tuwen.id"])(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check_host(self, headers: Mapping[str, str]) -> None:
        """A page elsewhere may point its own name at this machine; it then asks under that name."""
        allowed = self._settings.allowed_hosts
        if allowed and _name(headers.get("host", "")) not in allowed:
            raise Problem(421, "wrong-host", "the server is not known under this name; allow it with --name")

    def _check_origin(self, scope: Scope, headers: Mapping[str, str]) -> None:
        """Pages of other origins may not change anything, nor measure what they cannot read.

        A link may lead here from anywhere; a picture or a script of another page may not.
        """
        origin, foreign = headers.get("origin"), headers.get("sec-fetch-site", "none") not in _OWN_SITES
        if scope["method"] in SAFE:
            linked = headers.get("sec-fetch-mode") == "navigate" or not scope["path"].startswith("/api")
            foreign = foreign and not linked and (origin or "").lower() not in self._origins
        elif origin is not None:
            own = {f"{scheme}://{headers.get('host', '').lower()}" for scheme in ("http", "https")}
            foreign = origin.lower() not in own | self._origins
        if foreign:
            raise Problem(403, "wrong-origin", "a page of another origin asked; allow it with --origin")

    def _check_rate(self, scope: Scope) -> None:
        cost = min(COST, self._settings.burst) if _COSTLY.fullmatch(scope["path"]) else 1
        wait = self._rates.take(client_of(scope), cost)
        if wait:
            raise _too_often(wait)

    async def _check_token(self, scope: Scope, headers: Mapping[str, str]) -> None:
        needed = scope_of(scope["method"], scope["path"])
        if needed is None:
            return
        given = _given(headers)
        if given is None and not self._settings.needs_token:
            token = None
        else:
            token = await self.known(given, client_of(scope))
            scope["tuwen.token"] = token.id
            if needed not in token.scopes:
                raise Problem(403, "scope", f"the token may not {needed}; use one with this scope")
        if needed == "write" and self._settings.read_only:
            raise Problem(403, "read-only", "this server takes no changes")

    async def scopes(self, scope: Scope) -> tuple[str, ...]:
        """What a request may do: by its token, or because none is needed."""
        given = _given(_headers(scope))
        if given is None:
            return () if self._settings.needs_token else SCOPES
        return (await self.known(given, client_of(scope))).scopes

    async def known(self, given: str | None, client: str) -> Token:
        """The token that was given.

        Raises:
            Problem: There is none, or it is wrong; 429 after too many wrong ones.
        """
        challenge = {"WWW-Authenticate": 'Bearer realm="tuwen"'}
        if given is None or self._tokens is None:
            raise Problem(401, "token", "give a token: Authorization: Bearer ...", headers=challenge)
        token = self._tokens.recall(given)
        if token is None:
            wait = self._wrong.take(client)
            if wait:
                raise _too_often(wait)
            token = await self._checked(self._tokens, given)
            if token is not None:
                self._wrong.give(client)
        if token is None:
            raise Problem(401, "token", "the token is not one of this server", headers=challenge)
        return token

    async def _checked(self, tokens: Tokens, given: str) -> Token | None:
        if self._checks >= CHECKS:
            raise busy("too many tokens wait to be checked; try again", 2)
        self._checks += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._hashing, tokens.check, given)
        finally:
            self._checks -= 1


def _too_often(wait: float) -> Problem:
    return Problem(
        429, "rate", "too many requests; wait a little", headers={"Retry-After": str(math.ceil(wait))}
    )


def _headers(scope: Scope) -> dict[str, str]:
    found: dict[str, str] = {}
    if len(scope.get("raw_path", b"")) + len(scope["query_string"]) > HEADER_BYTES:
        raise Problem(414, "long-address", "the address is too long; ask with POST")
    if sum(len(name) + len(value) for name, value in scope["headers"]) > HEADER_BYTES:
        raise Problem(431, "long-header", "the headers are too long")
    for name, value in scope["headers"]:
        key = name.decode("latin-1")
        if key in found and key in ("host", "authorization", "origin", "content-length"):
            raise Problem(400, "header", f"the header {key} stands twice")
        found[key] = f"{found[key]}; {value.decode('latin-1')}" if key in found else value.decode("latin-1")
    return found


def _name(host: str) -> str:
    """The name in a `Host` header, without the port."""
    found = re.fullmatch(r"(\[[0-9a-f:.]+\]|[^:\[\]/@\s]+)(:\d{1,5})?", host.lower())
    return found[1] if found else ""


def client_of(scope: Scope) -> str:
    """Whom a request counts for: its address, of IPv6 the network that one household or server has."""
    client = scope.get("client")
    if not client or ":" not in client[0]:
        return str(client[0]) if client else ""
    try:
        address = ipaddress.IPv6Address(client[0].partition("%")[0])
    except ValueError:
        return str(client[0])
    mapped = address.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.IPv6Address(int(address) >> 64 << 64))


def _given(headers: Mapping[str, str]) -> str | None:
    """The token of a request: of its header, else of the cookie that a session set."""
    if "authorization" in headers:
        kind, _, value = headers["authorization"].partition(" ")
        return value.strip() if kind.lower() == "bearer" else ""
    # not http.cookies: that one stops at the first cookie of another program that it cannot read
    return cookie_parser(headers.get("cookie", "")).get(COOKIE)
