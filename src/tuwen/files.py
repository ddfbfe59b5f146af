"""Files that are whole or not there: atomic writes, JSON, arrays, checksums."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import Damaged


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place, synced to disk, when the block ends well.

    A reader sees the old file or the new one, never a part, whatever happens in between.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        yield temporary
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        _replace(temporary, path)
        _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write JSON in one step, UTF-8, readable."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read JSON.

    Raises:
        Damaged: The file is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise Damaged(f"{path} is not readable JSON ({error}); restore it from a copy") from error


def write_arrays(path: Path, arrays: dict[str, Array]) -> None:
    """Write named arrays as .npz in one step; nothing is pickled."""
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)


def why_unread(error: Exception) -> str:
    """Why numpy did not read a file: it takes what it does not know for pickles, and says to load them."""
    if "pickle" not in str(error):
        return str(error)
    return "of another kind, or with pickled objects, which are not read; save numbers and texts, not objects"


def read_arrays(path: Path) -> dict[str, Array]:
    """Read the named arrays of an .npz; a file that holds pickled objects is refused.

    Raises:
        Damaged: The file is not an .npz of plain arrays.
    """
    try:
        with path.open("rb") as stream:
            stored = np.load(stream, allow_pickle=False)
            if not isinstance(stored, np.lib.npyio.NpzFile):
                raise Damaged(f"{path} is one array (.npy), not an .npz file of named arrays")
            return {name: stored[name] for name in stored.files}
    except (Damaged, MemoryError):
        raise
    except Exception as error:  # numpy raises whatever a broken file leads it to
        raise Damaged(f"{path} is not an .npz file of plain arrays ({why_unread(error)})") from error


def checksum(path: Path) -> str:
    """SHA-256 of a file's bytes, as hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def content_hash(data: bytes) -> str:
    """A 128-bit BLAKE2b hash of bytes, as 32 hex digits: equal content, equal hash."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _replace(temporary: Path, path: Path) -> None:
    for pause in (0.01, 0.05, 0.2, 0.5, 1.0):
        try:
            temporary.replace(path)
            return
        except PermissionError:
            if os.name != "nt":
                raise
            time.sleep(pause)  # Windows refuses while a reader has the file open
    temporary.replace(path)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open a folder to sync it
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
