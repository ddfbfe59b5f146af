"""Every kind of index, found by its name: `build`, `choose` and `load`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from tuwen.arrays import Array
from tuwen.errors import unknown
from tuwen.index.base import Hits, Index
from tuwen.index.stored import reading

__all__ = ["Hits", "Index", "build", "choose", "empty", "find", "load", "names", "stamp"]

FLAT_ROWS = 50_000  # up to which comparing everything takes a few milliseconds
_HOMES = {
    "flat": "Flat",
    "hnsw": "HNSW",
    "ivf": "IVF",
    "binary": "Binary",
    "binary_ivf": "BinaryIVF",
}


def names() -> tuple[str, ...]:
    """The kinds that `build` knows."""
    return tuple(_HOMES)


def find(kind: str) -> type[Index]:
    """The class of a kind, importing only its own file.

    Raises:
        UnknownName: There is no such kind.
    """
    if kind not in _HOMES:
        raise unknown("index kind", kind, _HOMES)
    found: type[Index] = getattr(import_module(f"{__name__}.{kind}"), _HOMES[kind])
    return found


def choose(count: int, width: int, available_bytes: int | None = None) -> str:
    """The kind that suits so many vectors: `flat`, `ivf`, or `disk` when memory is short.

    Args:
        count: Rows.
        width: Dimensions.
        available_bytes: Memory that the index may take; None for no limit.
    """
    if count <= FLAT_ROWS:
        need, kind = 4 * count * width, "flat"
    else:
        # two bits a dimension, keys and lists, and what training takes; the vectors themselves lie in a file
        training = 64 * math.isqrt(count) + 100_000
        need, kind = count * (width // 4 + 48) + 4 * width * training, "ivf"
    return "disk" if available_bytes is not None and need > available_bytes else kind


def empty(kind: str, width: int) -> Index:
    """An index without rows."""
    return find(kind)(width)


def build(
    kind: str,
    blocks: Iterable[tuple[Array, Array]],
    *,
    width: int,
    count: int,
    queries: Array | None = None,
    folder: Path | None = None,
) -> Index:
    """Build an index of a known number of rows.

    Args:
        kind: A name from `names`, or `auto` for what `choose` takes.
        blocks: Keys (n,) and vectors (n, width), in pieces of some thousands. Kinds that look at the
            rows twice iterate over it twice; a generator is held in memory for that.
        width: Dimensions, or bits.
        count: Rows in all blocks.
        queries: A few hundred vectors such as will be asked, best of the other modality: the default
            effort is chosen so that they find 97 of 100 true neighbours. None makes some up from rows.
        folder: Where the index will be saved: vectors of a large one go to its file while it is built,
            instead of into memory.

    Raises:
        InputError: A block cannot be added.
        UnknownName: There is no such kind.
    """
    if kind == "auto":
        kind = choose(count, width)
    return find(kind).build(blocks, width=width, count=count, queries=queries, folder=folder)


def load(folder: Path, stamp: dict[str, Any]) -> Index | None:
    """The index of whatever kind saved in a folder; None when absent, damaged or of another stamp."""
    saved = reading(folder)
    kind = None if saved is None else str(saved.head.get("kind"))
    return find(kind).load(folder, stamp) if kind in _HOMES else None


def stamp(folder: Path) -> dict[str, Any] | None:
    """The stamp of the index saved in a folder, without opening it; None when there is none."""
    saved = reading(folder)
    found = None if saved is None else saved.head.get("stamp")
    return found if isinstance(found, dict) else None
