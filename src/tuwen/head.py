"""What a collection is and which version of its tables is in force: two small files."""

from __future__ import annotations

import json
import secrets
import shlex
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tuwen import __version__
from tuwen.errors import CollectionError, Damaged
from tuwen.files import content_hash, read_json, write_json

FORMAT = 2  # the newest that this version reads
METHODS = 2  # of collections in the space of a fitted method; all others are still of format 1
LEARNED = "learned"  # in the folder of a collection: the fitted method and its own encoders


@dataclass(frozen=True)
class Identity:
    """What a collection is; written once.

    Attributes:
        encoder: Name of the encoder; empty for vectors that are made elsewhere.
        fingerprint: Of the encoder.
        width: Columns of the vectors.
        dtype: Precision of the stored vectors.
        codes: Bits of the hash codes; 0 for none.
        method: Name of the fitted method that makes the vectors of what the encoders gave; empty for none.
        format: Of the files, counted up when they change.
        tuwen: The version that made it.
        created: When.
        key: Tells it from every other collection, at the same path too.
    """

    encoder: str
    fingerprint: str
    width: int
    dtype: str = "float16"
    codes: int = 0
    method: str = ""
    format: int = 1
    tuwen: str = __version__
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    key: str = field(default_factory=lambda: secrets.token_hex(8))


@dataclass(frozen=True)
class Head:
    """The commit point: which version of each table is in force.

    Attributes:
        sequence: Grows by one with each commit.
        epoch: Changes when row addresses change (compaction, roll back), so that indexes are rebuilt.
        versions: Lance version by table.
        counts: Rows by table.
        metadata_keys: Metadata names seen so far, for filters and their suggestions.
    """

    sequence: int
    epoch: int
    versions: dict[str, int]
    counts: dict[str, int]
    metadata_keys: tuple[str, ...] = ()


def read_identity(path: Path) -> Identity:
    """What the collection in a folder is.

    Raises:
        CollectionError: There is no collection, or a newer tuwen wrote it.
        Damaged: `collection.json` has unexpected entries.
    """
    if not (path / "collection.json").is_file():
        what = "is not a collection (it has no collection.json)" if path.exists() else "does not exist"
        raise CollectionError(f"{path} {what}; make one with: tuwen index {shlex.quote(str(path))} SOURCE")
    stored = read_json(path / "collection.json")
    if not isinstance(stored, dict) or not isinstance(stored.get("format"), int):
        raise Damaged(f"{path / 'collection.json'} does not describe a collection; restore it from a copy")
    if stored["format"] > FORMAT:
        raise CollectionError(
            f"{path} was written by tuwen {stored.get('tuwen')} (format {stored['format']}); "
            f"this is tuwen {__version__} (format {FORMAT}): upgrade with pip install -U tuwen"
        )
    try:
        return Identity(**{"key": "", **stored})
    except TypeError as error:
        raise Damaged(f"{path / 'collection.json'} has unexpected entries ({error})") from error


def write_identity(path: Path, identity: Identity) -> None:
    """Say what the collection in a folder is; without a method, in words that an older tuwen reads."""
    entries = asdict(identity)
    if not identity.method:
        del entries["method"]
    write_json(path / "collection.json", entries)


def write_head(path: Path, head: Head) -> None:
    """Make a commit the one in force."""
    body = asdict(head)
    write_json(path / "head.json", body | {"checksum": _check(body)})


def read_head(path: Path) -> Head:
    """The commit in force.

    Raises:
        Damaged: The file is missing or does not match its checksum.
    """
    if not (path / "head.json").is_file():
        raise Damaged(f"{path / 'head.json'} is missing; restore it from a copy")
    stored = read_json(path / "head.json")
    check = stored.pop("checksum", "") if isinstance(stored, dict) else None
    if check is None or _check(stored) != check:
        raise Damaged(f"{path / 'head.json'} does not match its checksum; restore it from a copy")
    return Head(**stored | {"metadata_keys": tuple(stored["metadata_keys"])})


def _check(body: dict[str, Any]) -> str:
    return content_hash(json.dumps(body, sort_keys=True, ensure_ascii=False).encode())


def stamp(path: Path) -> tuple[int, int, int]:
    """A value that changes with every commit, cheap to read."""
    try:
        found = (path / "head.json").stat()
    except OSError as error:
        raise Damaged(
            f"{path / 'head.json'} cannot be read ({error}); the folder was moved or removed"
        ) from error
    return found.st_mtime_ns, found.st_ino, found.st_size
