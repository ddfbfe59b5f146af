"""Ids for items whose source gives none: short, readable, and the same in every run."""

from __future__ import annotations

from collections.abc import Container, MutableMapping
from pathlib import Path

from tuwen.records import Record


def image_id(path: str, source: str, taken: Container[str], numbers: MutableMapping[str, int]) -> str:
    """The file's name without extension; if that is taken its path inside the source, then a number.

    A picture that lies elsewhere than its source has its folder's name before its own.

    Args:
        path: Of the file, or the name of the place its bytes came from.
        source: Path of the source.
        taken: Ids that are in use.
        numbers: Last number given by id, kept over a run.
    """
    file = Path(path)
    stem = file.name if ":" in file.name else file.stem  # `table.parquet:12` has no extension to drop
    stem = stem or path or "image"
    if stem not in taken:
        return stem
    place = Path(source) if Path(source) in file.parents else Path(source).parent
    near = file.relative_to(place) if place in file.parents else Path(file.parent.name, file.name)
    inside = near.with_name(stem).as_posix()
    return inside if inside not in taken else _numbered(inside, "-", taken, numbers)


def text_id(
    record: Record, entity: str | None, taken: Container[str], numbers: MutableMapping[str, int]
) -> str:
    """The id of the thing the text is about; `#2`, `#3`, ... from its second text on.

    Args:
        record: Where the text stands.
        entity: What it is about; None when that is only itself.
        taken: Ids that are in use.
        numbers: Last number given by id, kept over a run.
    """
    base = record.entity or entity
    if base is None:
        # `captions.csv:12` becomes `captions:12`
        name, mark, number = record.origin.rpartition(":")
        base = f"{Path(name).stem}:{number}" if mark else record.origin or "text"
    return base if base not in taken else _numbered(base, "#", taken, numbers)


def _numbered(base: str, mark: str, taken: Container[str], numbers: MutableMapping[str, int]) -> str:
    number = numbers.get(base, 1) + 1
    while f"{base}{mark}{number}" in taken:
        number += 1
    numbers[base] = number
    return f"{base}{mark}{number}"
