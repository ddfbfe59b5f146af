"""What a reranker reads of the items of a collection, kept beside it; may be deleted at any time."""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

import numpy as np

from tuwen.arrays import Array

FOLDER = "rerank"  # in the folder of a collection
MOST = 2 << 30  # bytes on disk for one reading of a collection; what is more is read again each time
HELD = 256 << 20  # bytes in memory


class Kept:
    """Arrays by key, in memory and in files of their own.

    A folder that cannot be written keeps nothing. A file that is broken counts as absent. Of two processes
    that write one file, one wins; both have the same to say.

    Args:
        folder: For the files; None keeps them in memory alone.
        most: Bytes of all files.
        held: Bytes in memory; what was asked for last stays.
    """

    def __init__(self, folder: Path | None, *, most: int = MOST, held: int = HELD) -> None:
        self.folder, self.most, self.held = folder, most, held
        self._lock = threading.Lock()
        self._arrays: OrderedDict[str, Array] = OrderedDict()
        self._bytes = 0
        self._written = sum(file.stat().st_size for file in folder.glob("*/*.npy")) if folder else 0

    def get(self, key: str) -> Array | None:
        """What was kept, or None."""
        with self._lock:
            if key in self._arrays:
                self._arrays.move_to_end(key)
                return self._arrays[key]
        if self.folder is None:
            return None
        try:
            with self._file(self.folder, key).open("rb") as stream:
                found = np.asarray(np.lib.format.read_array(stream, allow_pickle=False))
        except (OSError, ValueError, EOFError):
            return None
        self._hold(key, found)
        return found

    def put(self, key: str, values: Array) -> None:
        """Keep an array."""
        self._hold(key, values)
        if self.folder is None or self._written + values.nbytes > self.most:
            return
        file = self._file(self.folder, key)
        temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}.tmp")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as stream:
                np.lib.format.write_array(stream, np.ascontiguousarray(values), allow_pickle=False)
            # no sync to disk: what a crash cuts short is read as absent
            os.replace(temporary, file)  # noqa: PTH105
            self._written += values.nbytes
        except OSError:  # a read-only folder, or a full disk
            self.folder = None
            with suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _hold(self, key: str, values: Array) -> None:
        with self._lock:
            if (before := self._arrays.pop(key, None)) is not None:
                self._bytes -= before.nbytes
            self._arrays[key] = values
            self._bytes += values.nbytes
            while self._bytes > self.held and len(self._arrays) > 1:
                _, old = self._arrays.popitem(last=False)
                self._bytes -= old.nbytes

    @staticmethod
    def _file(folder: Path, key: str) -> Path:
        return folder / key[:2] / f"{key}.npy"


def key_of(identifier: str, content: str) -> str:
    """Tells an item with its content from every other."""
    text = f"{identifier}\0{content}"
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
