"""How a server is set: where it listens, who may ask, and the bounds on what is asked."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tuwen.errors import InputError

LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a server does and allows.

    Args:
        host: The address to listen at.
        port: Its port.
        tokens: The file of tokens.
        require_token: Ask for a token though only this machine can connect.
        origins: Other web origins that may ask, such as `https://example.org`; none by default.
        hosts: Names under which the server may be asked. None given: those of this machine on
            loopback, any elsewhere.
        proxies: Addresses of reverse proxies, or networks of them such as `172.16.0.0/12`, whose
            `X-Forwarded-For` is believed.
        rate: Requests a second and client; 0 for no limit.
        burst: Requests that a client may send at once before the rate counts.
        body_bytes: Bytes of a request's body.
        held_bytes: Bytes of all bodies that are held at one time.
        megapixels: Of a picture that is sent.
        threads: Engine calls at a time; 0 takes the number of cores, at least 2.
        waiting: Engine calls that may wait for a thread.
        answer_seconds: For an answer, from the moment the body is there.
        header_seconds: For a client to send the header of a request.
        body_seconds: For a client to send a body.
        send_seconds: For a client to take a piece of an answer.
        read_only: Refuse all changes.
        log_queries: Write paths and query texts to the access log.
        cache: The folder of thumbnails; None takes the user's cache folder.
        cache_bytes: That thumbnails may take.
        roots: Further folders that links inside a collection's folders may lead to.
        rerankers: Folders of second stages, by the name that a request may use.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    tokens: Path | None = None
    require_token: bool = False
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    rate: int = 100
    burst: int = 400
    body_bytes: int = 32 << 20
    held_bytes: int = 256 << 20
    megapixels: int = 50
    threads: int = 0
    waiting: int = 128
    answer_seconds: float = 30.0
    header_seconds: float = 10.0
    body_seconds: float = 60.0
    send_seconds: float = 60.0
    read_only: bool = False
    log_queries: bool = False
    cache: Path | None = None
    cache_bytes: int = 512 << 20
    roots: tuple[Path, ...] = ()
    rerankers: Mapping[str, Path] = field(default_factory=dict)

    @property
    def is_local(self) -> bool:
        """Whether only this machine can connect."""
        return is_loopback(self.host)

    @property
    def needs_token(self) -> bool:
        """Whether every request needs a token."""
        return self.require_token or not self.is_local

    @property
    def allowed_hosts(self) -> tuple[str, ...]:
        """Names that a `Host` header may give, in lower case; empty for any."""
        named = tuple(host.lower() for host in self.hosts)
        return (*LOCAL_NAMES, *named) if self.is_local or named else ()

    def is_proxy(self, address: str) -> bool:
        """Whether an address is one of the proxies."""
        try:
            own = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(own in ipaddress.ip_network(proxy) for proxy in self.proxies)

    @property
    def workers(self) -> int:
        """Engine calls at a time."""
        return self.threads or max(2, os.cpu_count() or 1)

    @property
    def thumbnails(self) -> Path:
        """The folder of thumbnails."""
        if self.cache is not None:
            return self.cache
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tuwen" / "thumbnails"


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_origin(origin: str) -> str:
    """An origin as browsers write it: scheme, name and port.

    Raises:
        InputError: It is none, or stands for all.
    """
    scheme, mark, name = origin.rstrip("/").lower().partition("://")
    if scheme not in ("http", "https") or not mark or not name or set(name) & set("/*?# "):
        raise InputError(f"{origin!r} is not a web origin; name one such as https://example.org")
    return f"{scheme}://{name}"


def check_proxy(proxy: str) -> str:
    """An address or a network of reverse proxies.

    Raises:
        InputError: It is none, or stands for all.
    """
    try:
        found = ipaddress.ip_network(proxy.strip().strip("[]"))
    except ValueError as error:
        raise InputError(
            f"{proxy!r} is no address of a proxy; give one such as 127.0.0.1 or 172.16.0.0/12"
        ) from error
    if found.prefixlen == 0:
        raise InputError(f"{proxy!r} is everyone, who could then pass for anyone; name your proxy alone")
    return str(found.network_address) if found.num_addresses == 1 else str(found)


def check_name(name: str) -> str:
    """A name as it stands in a `Host` header, without scheme and port.

    Raises:
        InputError: It is no such name.
    """
    if not re.fullmatch(r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+", name):
        raise InputError(f"{name!r} is no name to be asked under; give it alone, such as search.example.org")
    return name.lower()
