"""The collections that a server shows, and what each keeps beside its tables: what was sent to it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuwen import signatures
from tuwen.errors import InputError, UnknownName
from tuwen.files import content_hash, replacing
from tuwen.serve import uploads
from tuwen.serve.problems import Problem

if TYPE_CHECKING:
    from tuwen.collection import Collection

UPLOADS = "uploads"


class Shelf:
    """Collections by the name that addresses use."""

    def __init__(self, collections: Mapping[str, Collection]) -> None:
        places = [each.path.resolve() for each in collections.values()]
        if len(set(places)) < len(places):
            raise InputError("a collection is named twice; serve each once")
        for name in collections:
            if not re.fullmatch(r"[\w.-]{1,100}", name) or name.strip(".") == "":
                raise InputError(
                    f"{name!r} cannot be the name of a collection in addresses; rename its folder"
                )
        self.collections = dict(collections)
        # messages speak of a collection by its name here: where it lies is nobody's business
        self.names = {str(each.path): name for name, each in collections.items()}

    def get(self, name: str) -> Collection:
        """The collection of a name.

        Raises:
            Problem: 404 when there is none.
        """
        if name not in self.collections:
            raise Problem(
                404, "no-collection", "there is no collection of this name; see /api/v1/collections"
            )
        return self.collections[name]


def named(paths: Iterable[Path]) -> dict[str, Path]:
    """Names for collections: of their folders; two of one name get numbers."""
    found: dict[str, Path] = {}
    for path in paths:
        base = re.sub(r"[^\w.-]", "-", path.resolve().name).strip(".") or "collection"
        name, number = base, 1
        while name in found:
            number += 1
            name = f"{base}-{number}"
        found[name] = path
    return found


def uploads_of(collection: Collection) -> Path:
    """The folder of the pictures that were sent to a collection."""
    return collection.path / UPLOADS


def keep(collection: Collection, data: bytes) -> Path:
    """Write a picture that was sent; its name is of its bytes, so no name of a client is one here."""
    name, kind = content_hash(data), signatures.picture(data)
    path = uploads_of(collection) / name[:2] / f"{name}{uploads.ENDINGS[kind] if kind else ''}"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_bytes(data)
    return path


def paths_of(collection: Collection, ids: Iterable[str]) -> set[str]:
    """The files of some pictures."""
    found = collection.store.view.by_ids("images", sorted(set(ids)), ["path"])
    return {path for path in found["path"].to_pylist() if path}


def release(collection: Collection, paths: Iterable[str]) -> None:
    """Remove pictures that were sent and that no item shows any more; snapshots keep theirs."""
    own = [path for path in sorted(set(paths)) if Path(path).is_relative_to(uploads_of(collection))]
    if not own or collection.store.snapshots():
        return
    held = collection.store.view.by_ids("images", own, ["path"], column="path")["path"].to_pylist()
    for path in set(own) - set(held):
        Path(path).unlink(missing_ok=True)


def place_of(item: str, source: str) -> str:
    """Where something came from, as clients may know it: inside its source, or its last part only."""
    folder = source if os.path.isdir(source) else str(Path(source).parent) if source else ""  # noqa: PTH112
    if folder and item.startswith(folder.rstrip("/\\") + os.sep):
        return Path(item).relative_to(folder).as_posix()
    return plain(item)


def plain(path: str) -> str:
    """The last part of a path, of whatever system."""
    return re.split(r"[\\/]", path)[-1]


def public(item: Any) -> dict[str, Any]:
    """An item or a hit as clients see it: the name of its file, never where it lies."""
    found = dict(item.to_dict())
    found.pop("path", None)
    return found | {"name": name_of(item.path, item.origin), "missing": item.missing}


def name_of(path: str, origin: str) -> str:
    """What a file is called; a picture that was sent is called as it was where it came from."""
    stored, named = (
        plain(path),
        re.sub(r"^[0-9a-f]{16}:\d+$", "", plain(origin)),
    )  # a job's record has no name
    return (named or stored) if was_sent(path) else (stored or named)


def was_sent(path: str) -> bool:
    """Whether a picture is one that was sent: those are named by the hash of their bytes."""
    place = Path(path)
    return place.parent.parent.name == UPLOADS and re.fullmatch(r"[0-9a-f]{32}", place.stem) is not None


def file_name(collection: Collection, identifier: str, path: str) -> str:
    """What the file of a stored picture is called, where only its path is at hand."""
    if not was_sent(path):
        return plain(path)
    try:
        found = collection.get("image", identifier)
    except UnknownName:  # removed meanwhile
        return plain(path)
    return name_of(found.path, found.origin)
