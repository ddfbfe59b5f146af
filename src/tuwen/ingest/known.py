"""What a collection holds already, as ingest looks it up: by path, by content, by id."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tuwen.files import content_hash
from tuwen.view import View

IMAGE_COLUMNS = ("id", "entity", "path", "source", "hash", "size", "mtime_ns", "label", "metadata", "missing")
TEXT_COLUMNS = ("id", "entity", "source", "hash", "label", "metadata", "missing")
DUPLICATE = "duplicate"


@dataclass(slots=True)
class Entry:
    """A stored picture or text.

    Attributes:
        details: A digest of label and metadata (see `digest`).
        seen: Whether this run has met it.
    """

    id: str
    entity: str
    source: str
    hash: str
    details: str
    path: str = ""
    size: int = -1
    mtime_ns: int = -1
    missing: bool = False
    seen: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the ledger."""

    code: str
    source: str
    size: int
    mtime_ns: int
    hash: str


class Known:
    """Everything a collection holds when a run begins, and what the run adds to it."""

    def __init__(self, view: View) -> None:
        self.images: dict[str, Entry] = {}
        self.texts: dict[str, Entry] = {}
        self.by_path: dict[str, Entry] = {}
        self.by_hash: dict[str, Entry] = {}
        self._by_content: dict[int, list[Entry]] = {}
        for entry in _entries(view, "images"):
            self.add_image(entry)
        for entry in _entries(view, "texts"):
            self.add_text(entry)
        listed = view.scan("ledger", ["item", "code", "source", "size", "mtime_ns", "hash"])
        self.ledger: dict[str, Line] = {
            row.pop("item"): Line(**{key: row[key] for key in Line.__slots__}) for row in listed.to_pylist()
        }

    def add_image(self, entry: Entry) -> None:
        """Note a stored picture."""
        self.images[entry.id] = entry
        if entry.path:
            self.by_path[entry.path] = entry
        if entry.hash:
            self.by_hash.setdefault(entry.hash, entry)

    def change_image(self, entry: Entry, *, path: str, hash: str) -> None:
        """Note that a stored picture has another path or content now."""
        if self.by_path.get(entry.path) is entry:
            del self.by_path[entry.path]
        if self.by_hash.get(entry.hash) is entry:
            del self.by_hash[entry.hash]
        entry.path, entry.hash = path, hash
        self.by_path[path] = entry
        self.by_hash.setdefault(hash, entry)

    def drop_image(self, entry: Entry) -> None:
        """Forget a stored picture."""
        del self.images[entry.id]
        for found, key in ((self.by_path, entry.path), (self.by_hash, entry.hash)):
            if found.get(key) is entry:
                del found[key]

    def add_text(self, entry: Entry) -> None:
        """Note a stored text."""
        self.texts[entry.id] = entry
        if entry.seen:
            return  # only what the run has not met yet is looked for by content
        owners = {entry.entity, entry.source} if entry.entity == entry.id else {entry.entity}
        for owner in owners:
            self._by_content.setdefault(hash((owner, entry.hash)), []).append(entry)

    def text_like(self, owner: str, content: str) -> Entry | None:
        """A stored text with this content hash, of this entity or source, that the run has not met yet."""
        same = self._by_content.get(hash((owner, content)), [])
        while same and same[0].seen:
            same.pop(0)
        return same[0] if same and same[0].hash == content else None


def digest(label: str | None, metadata: dict[str, Any]) -> str:
    """A short string that changes when label or metadata change."""
    if label is None and not metadata:
        return ""
    return content_hash(json.dumps([label, metadata], sort_keys=True, default=str).encode())


def _entries(view: View, table: Any) -> Iterator[Entry]:
    columns = IMAGE_COLUMNS if table == "images" else TEXT_COLUMNS
    for batch in view.batches(table, columns):
        for row in batch.to_pylist():
            row.pop("_rowid", None)
            metadata = row.pop("metadata")
            label = row.pop("label")
            # sources repeat in every row: one string for all
            row["source"] = sys.intern(row["source"] or "")
            plain = label is None and metadata in (None, "{}")
            details = "" if plain else digest(label, json.loads(metadata or "{}"))
            yield Entry(**row | {"missing": bool(row["missing"])}, details=details)
