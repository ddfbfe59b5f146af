"""What goes into a collection: records of pictures and texts about one thing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture on disk, or its undecoded bytes.

    Args:
        path: Where the file lies; for bytes, a name for messages such as `imgs.tsv#1001`.
        data: The encoded picture (JPEG, PNG, ...) when it has no file of its own.
        id: The item's id; None lets the collection choose (the file name without extension, unless taken).
        name: What its file was called where it came from, if that differs; kept as the item's origin.
    """

    path: str
    data: bytes | None = None
    id: str | None = None
    name: str = ""

    @property
    def file(self) -> Path | None:
        """The file, or None for a picture that came as bytes."""
        return Path(self.path) if self.data is None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text; `id` None lets the collection choose one from the record's."""

    text: str
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Pictures and texts that describe one entity, with what is known about it.

    Args:
        entity: The id that ties the record's items together; None takes the first item's id.
        images: Any number of pictures.
        texts: Any number of texts.
        label: A class name, if there is one.
        metadata: JSON values by name; kept with every item of the record and open to filters.
        origin: Where the record stands, for messages and the ledger: `captions.csv:12`.
        source: The source it came from (a folder or a file), as the user named it, made absolute.
    """

    entity: str | None = None
    images: tuple[Picture, ...] = ()
    texts: tuple[Text, ...] = ()
    label: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    origin: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An input that was not taken, and why; one line of the ledger.

    Args:
        item: What was refused: a path, or a place such as `captions.csv:12`.
        code: One short word for the reason: `truncated`, `empty`, `too-large`, `not-a-picture`, ...
        reason: One sentence for people: what is wrong, what was got, what to do.
        source: The source that named it.
        size: Bytes, or -1 when unknown.
        mtime_ns: Modification time in nanoseconds, or -1.
        hash: `files.content_hash` of the bytes, or empty.
    """

    item: str
    code: str
    reason: str
    source: str = ""
    size: int = -1
    mtime_ns: int = -1
    hash: str = ""
