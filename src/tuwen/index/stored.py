"""A saved index: files under fresh names, and one JSON file that says which of them count.

The replacement of `index.json` is the moment a save takes effect. Until then the old files stand
untouched, so that an interrupted save leaves the old index whole.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import Damaged
from tuwen.files import read_json, write_json

HEAD = "index.json"
LOCK = ".lock"
FORMAT = 1
OURS = re.compile(r"(keys|alive|faiss|rows|codes)\.[0-9a-f]{8}\.bin")
SAMPLE = 1 << 16  # bytes of each sampled place of a large file of plain numbers


@dataclass
class Draft:
    """A save under way: files are added, then `commit` makes them count.

    Attributes:
        before: The files that count so far, by name.
        files: Those that will.
    """

    folder: Path
    before: dict[str, dict[str, Any]]
    files: dict[str, dict[str, Any]]

    def write(self, name: str, data: Array) -> None:
        """Write the bytes of an array, synced, with the hash of all of them."""
        data = np.ascontiguousarray(data)
        path = self.fresh(name)
        with path.open("wb") as stream:
            data.tofile(stream)
        _sync(path)
        self.files[name] = {"file": path.name, "size": data.nbytes, "hash": _hash(data)}

    def fresh(self, name: str) -> Path:
        """A path for a new file of this name."""
        return self.folder / f"{name}.{secrets.token_hex(4)}.bin"

    def keep(self, name: str, path: Path, size: int) -> None:
        """Count in the first `size` bytes of a file that is there; large, so only sampled for its hash."""
        _sync(path)
        self.files[name] = {"file": path.name, "size": size, "sample": _sample(path, size)}

    def path(self, name: str) -> Path:
        """Where the file of this name lies."""
        return self.folder / str(self.files[name]["file"])

    def commit(self, head: dict[str, Any]) -> None:
        """Make the files count, then delete those that no longer do."""
        write_json(self.folder / HEAD, {"format": FORMAT, **head, "files": self.files})
        _tidy(self.folder, {entry["file"] for entry in self.files.values()})


@dataclass(frozen=True)
class Saved:
    """An index on disk whose head is readable."""

    folder: Path
    head: dict[str, Any]

    def read(self, name: str, dtype: str) -> Array:
        """The numbers of a file.

        Raises:
            Damaged: Its bytes are not the ones that were written.
        """
        entry, path = self._entry(name)
        data = np.fromfile(path, dtype=np.uint8)
        if data.nbytes != entry["size"] or _hash(data) != entry["hash"]:
            raise Damaged(f"{path} is not what was written")
        return data.view(dtype)

    def path(self, name: str) -> Path:
        """Where a large file lies, its size and samples checked.

        Raises:
            Damaged: It is shorter than it was, or a sampled place has other bytes.
        """
        entry, path = self._entry(name)
        if path.stat().st_size < entry["size"] or _sample(path, entry["size"]) != entry["sample"]:
            raise Damaged(f"{path} is not what was written")
        return path

    def _entry(self, name: str) -> tuple[dict[str, Any], Path]:
        entry = self.head["files"][name]
        if not OURS.fullmatch(str(entry["file"])):  # also keeps us inside the folder
            raise Damaged(f"{self.folder / HEAD} names a file {entry['file']!r} that is none of an index")
        return entry, self.folder / str(entry["file"])


def draft(folder: Path) -> Draft:
    """Begin a save into a folder, which is made when absent."""
    folder.mkdir(parents=True, exist_ok=True)
    saved = reading(folder)
    before = {} if saved is None else saved.head.get("files", {})
    return Draft(folder, before, {})


def reading(folder: Path) -> Saved | None:
    """The index saved in a folder; None when there is none, or one of another format."""
    try:
        head = read_json(folder / HEAD)
    except (OSError, Damaged):
        return None
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        return None
    return Saved(folder, head)


@contextmanager
def saving(folder: Path) -> Iterator[Draft]:
    """A save into a folder; its new files are deleted when the block fails.

    Another process that saves there waits, for both may want to write behind the same rows.
    """
    from filelock import FileLock

    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / LOCK):
        before = {path.name for path in folder.iterdir()}
        try:
            yield draft(folder)
        except BaseException:
            _tidy(folder, before)
            raise


def _tidy(folder: Path, keep: set[str]) -> None:
    for path in folder.iterdir():
        if OURS.fullmatch(path.name) and path.name not in keep:
            try:
                path.unlink(missing_ok=True)
            except PermissionError:  # mapped by a reader on Windows: the next save deletes it
                continue


def _hash(data: Array) -> str:
    return hashlib.blake2b(data.reshape(-1).view(np.uint8).data, digest_size=16).hexdigest()


def _sample(path: Path, size: int) -> str:
    """A hash of 64 evenly spread places; files up to 4 MB are read whole."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as stream:
        step = max(SAMPLE, (size - SAMPLE) // 63)
        for start in range(0, size, step):
            stream.seek(start)
            digest.update(stream.read(min(SAMPLE, size - start)))
    return digest.hexdigest()


def _sync(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())
