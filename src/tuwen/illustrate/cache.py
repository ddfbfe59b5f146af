"""What is computed of a library once, kept beside the collection; may be deleted at any time."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from tuwen import encoders
from tuwen.arrays import Array
from tuwen.encoders.fitted import Fitted
from tuwen.errors import Damaged, InputError
from tuwen.files import read_arrays, read_json, write_arrays, write_json

FOLDER = "illustrate"  # in the folder of a collection
MOST = 32  # files and folders; the oldest go first

Made = TypeVar("Made")


class Cache:
    """Arrays, JSON values and fitted encoders by key, each in a file or folder of its own.

    A folder that cannot be written keeps nothing, and what is broken is made anew.

    Args:
        folder: None keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def arrays(self, key: str, make: Callable[[], dict[str, Array]]) -> dict[str, Array]:
        """Named arrays: as kept, or made now and kept."""
        if self.folder is None:
            return make()
        path = self.folder / f"{key}.npz"
        if path.is_file():
            with suppress(Damaged, OSError):
                return read_arrays(path)
        made = make()
        self._write(lambda: write_arrays(path, made))
        return made

    def value(
        self, key: str, make: Callable[[], Made], write: Callable[[Made], Any], read: Callable[[Any], Made]
    ) -> Made:
        """Anything that can be written as JSON and read from it: as kept, or made now and kept."""
        if self.folder is None:
            return make()
        path = self.folder / f"{key}.json"
        if path.is_file():
            with suppress(Damaged, OSError, KeyError, TypeError, ValueError):
                return read(read_json(path))
        made = make()
        self._write(lambda: write_json(path, write(made)))
        return made

    def encoder(self, key: str, make: Callable[[], Fitted]) -> Fitted:
        """A fitted encoder: as kept, or fitted now and kept."""
        if self.folder is None:
            return make()
        path = self.folder / f"{key}-encoder"
        if path.is_dir():
            with suppress(Damaged, InputError, OSError):
                found = encoders.load(str(path))
                if isinstance(found, Fitted):
                    return found
        made = make()
        self._write(lambda: made.save(path))
        return made

    def _write(self, write: Callable[[], None]) -> None:
        try:
            if self.folder is not None:
                self.folder.mkdir(exist_ok=True)
            write()
            self._clear()
        except OSError:  # a read-only folder, or a full disk
            self.folder = None

    def _clear(self) -> None:
        """Remove what was written longest ago, once there is too much: of states that the library had."""
        if self.folder is None:
            return
        entries = sorted(self.folder.iterdir(), key=lambda entry: entry.stat().st_mtime_ns)
        for entry in entries[:-MOST]:
            with suppress(OSError):
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def key_of(*parts: str) -> str:
    """A short name for what is made from these parts and from nothing else."""
    digest = hashlib.blake2b(digest_size=12)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()
