"""Pictures shown by the id of an item: from the folders that the collection recorded, and thumbnails."""

from __future__ import annotations

import hashlib
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuwen import pictures, signatures
from tuwen.errors import PictureError
from tuwen.files import content_hash, replacing
from tuwen.serve.problems import Problem
from tuwen.serve.settings import Settings
from tuwen.serve.uploads import MEDIA

if TYPE_CHECKING:
    from tuwen.collection import Collection

SIDES = (160, 320, 640)
"""Sides of thumbnails, in pixels."""

MAX_BYTES = 64 << 20  # of a picture that is shown whole
_COLUMNS = ["id", "path", "source", "hash", "thumbnail", "size", "mtime_ns"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture as it is sent: its bytes, their content type, and what changes when they do."""

    data: bytes
    media: str
    tag: str


def picture(collection: Collection, identifier: str, settings: Settings) -> Shown:
    """The picture of an item as it was stored.

    Raises:
        Problem: There is no such item, or its file is gone, moved out of its folder, or no picture.
    """
    row = _row(collection, identifier)
    data = _file_of(row, settings)
    if data is None:
        if not row["thumbnail"]:
            raise Problem(404, "no-picture", "the file of this item is not there any more")
        data = row["thumbnail"]
    kind = signatures.picture(data)
    if kind is None:
        raise Problem(404, "no-picture", "the file of this item is no picture any more")
    return Shown(data, MEDIA[kind], content_hash(data))


class Thumbnails:
    """Small pictures, kept in a folder that stays below a size."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._folder = settings, settings.thumbnails
        self._lock = threading.Lock()
        self._bytes: int | None = None  # in the folder; counted when the first is written

    def get(self, collection: Collection, identifier: str, side: int) -> Shown:
        """A JPEG of an item's picture, at most `side` pixels wide and high.

        Raises:
            Problem: As for `picture`, or it cannot be decoded.
        """
        row = _row(collection, identifier)
        version = row["hash"] or f"{row['size']}-{row['mtime_ns']}"
        identity = collection.store.identity
        key = f"{identity.key or identity.created}\0{collection.path}\0{identifier}\0{version}\0{side}"
        tag = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        file = self._folder / tag[:2] / f"{tag}.jpg"
        try:
            data = file.read_bytes()
            os.utime(file)  # those looked at last are kept
        except OSError:
            data = self._make(row, side)
            self._keep(file, data)
        return Shown(data, MEDIA["JPEG"], tag)

    def _make(self, row: dict[str, Any], side: int) -> bytes:
        data = _file_of(row, self._settings) or row["thumbnail"]
        if not data:
            raise Problem(404, "no-picture", "the file of this item is not there any more")
        try:
            return pictures.thumbnail(pictures.load_bytes(data, row["id"], size=side), side=side)
        except PictureError as error:
            raise Problem(404, "no-picture", f"the picture cannot be shown ({error.code})") from error

    def _keep(self, file: Path, data: bytes) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with self._lock:
                with replacing(file) as temporary:
                    temporary.write_bytes(data)
                self._bytes = self._count() if self._bytes is None else self._bytes + len(data)
                if self._bytes > self._settings.cache_bytes:
                    self._thin()
        except OSError:
            return  # a full or read-only disk costs the cache, not the answer

    def _files(self) -> list[tuple[float, int, Path]]:
        """When it was looked at, size and path of each."""
        found = []
        for path in self._folder.glob("??/*.jpg"):
            try:
                status = path.stat()
            except OSError:
                continue
            found.append((status.st_mtime, status.st_size, path))
        return found

    def _count(self) -> int:
        return sum(size for _, size, _ in self._files())

    def _thin(self) -> None:
        """Drop those not looked at for longest, until a fifth is free."""
        files, target = sorted(self._files()), self._settings.cache_bytes * 4 // 5
        left = sum(size for _, size, _ in files)
        for _, size, path in files:
            if left <= target:
                break
            path.unlink(missing_ok=True)
            left -= size
        self._bytes = left


def _row(collection: Collection, identifier: str) -> dict[str, Any]:
    found = collection.store.view.by_ids("images", [identifier], _COLUMNS).to_pylist()
    if not found:
        raise Problem(404, "no-item", "there is no picture with this id")
    row: dict[str, Any] = found[0]
    return row


def _file_of(row: dict[str, Any], settings: Settings) -> bytes | None:
    """The bytes of an item's file; None when it has none that may be shown."""
    path = allowed(row["path"] or "", row["source"] or "", settings.roots)
    if path is None:
        return None
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Problem(404, "no-picture", "the picture is too large to be shown")
        data = pictures.read(path)[0]
    except (OSError, PictureError):
        return None
    return data if signatures.picture(data) is not None else None


def allowed(path: str, source: str, roots: tuple[Path, ...] = ()) -> Path | None:
    """Where a recorded file really lies, if that is in a folder that was recorded with it.

    A link may not lead out of the source's folder (out of the file's own, where that lies elsewhere or
    no source is known) or of the further roots.
    """
    recorded = Path(path)
    if not path or not recorded.is_absolute() or "\0" in path:
        return None
    try:
        real = recorded.resolve(strict=True)
        folder = recorded.parent
        if source and Path(source).is_absolute():
            place = Path(source) if Path(source).is_dir() else Path(source).parent
            folder = place if recorded.is_relative_to(place) else folder
        folders = [folder.resolve(), *(root.resolve() for root in roots)]
    except (OSError, RuntimeError, ValueError):
        return None
    return real if any(real.is_relative_to(folder) for folder in folders) else None
