"""Tokens: who may read and who may write; only salted scrypt hashes of them are kept."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from tuwen.errors import Damaged, InputError, unknown
from tuwen.files import read_json, replacing

Scope = Literal["read", "write"]
SCOPES: tuple[Scope, ...] = ("read", "write")

_COST = {"n": 1 << 14, "r": 8, "p": 1}  # 16 MiB and some 40 ms a check
_FORM = re.compile(r"tw_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token as it is kept.

    Attributes:
        id: Stands in the token itself, so that it is found without trying all.
        name: For people: who has it.
        scopes: `read`, or `read` and `write`.
        created: When, UTC.
        salt: Of the hash, hex.
        hash: scrypt of the secret, hex.
    """

    id: str
    name: str
    scopes: tuple[Scope, ...]
    created: str
    salt: str
    hash: str


class Tokens:
    """The tokens of a file, followed when the file changes; a token removed there is refused at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: tuple[int, int] | None = None
        self._tokens: dict[str, Token] = {}
        # scrypt is slow on purpose; a secret that passed it is known by a keyed digest from then on
        self._key = secrets.token_bytes(32)
        self._passed: dict[str, bytes] = {}

    def all(self) -> list[Token]:
        """The tokens there are.

        Raises:
            Damaged: The file is not what was written.
        """
        self._follow()
        return list(self._tokens.values())

    def add(self, name: str, scopes: Sequence[Scope]) -> str:
        """Make a token; it is returned this once and kept nowhere.

        Args:
            name: For people.
            scopes: `write` includes `read`.

        Raises:
            InputError: The name is empty or the file cannot be written.
        """
        if not name.strip() or not name.isprintable():
            raise InputError(f"the name of a token is {name!r}; give one that can be read")
        for scope in scopes:
            if scope not in SCOPES:
                raise unknown("scope", scope, SCOPES)
        self._follow()
        identifier, secret, salt = secrets.token_hex(6), secrets.token_urlsafe(32), secrets.token_bytes(16)
        wanted: tuple[Scope, ...] = SCOPES if "write" in scopes else ("read",)
        token = Token(
            id=identifier,
            name=name.strip(),
            scopes=wanted,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            salt=salt.hex(),
            hash=_hash(secret, salt).hex(),
        )
        self._write({**self._tokens, identifier: token})
        return f"tw_{identifier}_{secret}"

    def remove(self, named: str) -> Token:
        """Take a token back.

        Args:
            named: Its id, or its name when only one has it.

        Raises:
            UnknownName: There is none.
            InputError: Several have this name.
        """
        self._follow()
        found = [token for token in self._tokens.values() if named in (token.id, token.name)]
        if not found:
            raise unknown("token", named, [token.name for token in self._tokens.values()])
        if len(found) > 1:
            ids = ", ".join(token.id for token in found)
            raise InputError(f"{len(found)} tokens are named {named!r}; remove one by its id: {ids}")
        self._write({key: token for key, token in self._tokens.items() if key != found[0].id})
        return found[0]

    def recall(self, given: str) -> Token | None:
        """The token, when it has passed `check` before: fast enough for every request."""
        self._follow()
        form = _FORM.fullmatch(given)
        if form is None or form[1] not in self._tokens or form[1] not in self._passed:
            return None
        same = hmac.compare_digest(self._passed[form[1]], self._digest(form[2]))
        return self._tokens[form[1]] if same else None

    def check(self, given: str) -> Token | None:
        """The token that was given, or None; takes the time of scrypt whether there is one or not."""
        self._follow()
        form = _FORM.fullmatch(given)
        token = self._tokens.get(form[1]) if form is not None else None
        salt = bytes.fromhex(token.salt) if token is not None else b"\0" * 16
        made = _hash(form[2] if form is not None else "", salt)
        if token is None or form is None or not hmac.compare_digest(made, bytes.fromhex(token.hash)):
            return None
        self._passed[token.id] = self._digest(form[2])
        return token

    def _digest(self, secret: str) -> bytes:
        return hmac.digest(self._key, secret.encode(), "sha256")

    def _follow(self) -> None:
        """Read the file again when it has changed."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._stamp, self._tokens, self._passed = None, {}, {}
            return
        stamp = (status.st_mtime_ns, status.st_ino)
        if stamp != self._stamp:
            self._tokens = _read(self.path)
            self._stamp, self._passed = stamp, {}

    def _write(self, tokens: dict[str, Token]) -> None:
        import json

        listed = {"format": 1, "tokens": [asdict(token) for token in tokens.values()]}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self.path) as temporary:
                temporary.touch(mode=0o600)
                temporary.write_text(
                    json.dumps(listed, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
                )
        except OSError as error:
            raise InputError(f"{self.path} cannot be written ({error.strerror})") from error
        self._follow()


def _hash(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, dklen=32, maxmem=1 << 26, **_COST)


def _read(path: Path) -> dict[str, Token]:
    found: Any = read_json(path)
    try:
        tokens = [Token(**{**row, "scopes": tuple(row["scopes"])}) for row in found["tokens"]]
        for token in tokens:
            bytes.fromhex(token.salt), bytes.fromhex(token.hash)
    except (KeyError, TypeError, ValueError) as error:
        raise Damaged(f"{path} does not list tokens; delete it and make them anew") from error
    return {token.id: token for token in tokens}
