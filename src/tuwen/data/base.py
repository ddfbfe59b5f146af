"""The base of every source: what it promises, and how it finds the pictures its rows name."""

from __future__ import annotations

import base64
import binascii
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath
from typing import ClassVar
from urllib.parse import unquote, urlsplit

from tuwen.errors import PictureError
from tuwen.records import Picture, Record, Refusal

_MAX_SUBFOLDERS = 64


class Source(ABC):
    """Something that holds pictures, texts or both, read record by record.

    A bad row or file never stops it: it comes out as a `Refusal` in its place.

    Attributes:
        kind: The name of this kind of source, as `open_source(kind=...)` takes it.
        path: Where it lies, absolute.
    """

    kind: ClassVar[str]

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    @abstractmethod
    def records(self) -> Iterator[Record | Refusal]:
        """What it holds, always in the same order."""

    @abstractmethod
    def describe(self) -> str:
        """One line for people: what is read, and how it was understood."""

    @property
    def count_hint(self) -> int | None:
        """About how many records there are, when that is quick to know."""
        return None

    def refusal(self, place: str, code: str, reason: str) -> Refusal:
        """A refusal of one place of this source."""
        return Refusal(item=place, code=code, reason=reason, source=str(self.path))


class Locator:
    """Finds pictures that a table names: beside it, under `root`, or in a folder next to it.

    The folder that held the last picture is tried first, so that a whole table costs one look a row.
    """

    def __init__(self, folder: Path, root: Path | None = None, nearby: tuple[Path, ...] = ()) -> None:
        self._bases = [folder, *([root.absolute()] if root is not None else []), *nearby]
        self._folder = folder
        self._widened = False
        self._last: tuple[str, Path] = ("", folder)

    def find(self, name: str) -> Path:
        """Where the picture lies; a path beside the table when it is nowhere.

        Raises:
            PictureError: The name is an address on the network.
        """
        if name != self._last[0]:  # captions of one picture stand in rows that follow each other
            self._last = (name, self._find(name))
        return self._last[1]

    def _find(self, name: str) -> Path:
        scheme = urlsplit(name).scheme if "://" in name else ""
        if scheme == "file":
            name = unquote(urlsplit(name).path)
        elif scheme:
            raise PictureError("remote", f"{name} is on the network; download it and name the file")
        path = Path(name)
        if path.is_absolute():
            return path
        found = self._look(name)
        if found is None and not self._widened:
            self._widened = True
            self._bases += _subfolders(self._folder)
            found = self._look(name)
        return found or self._folder / path

    def _look(self, name: str) -> Path | None:
        for spelling in _spellings(name):
            for i, base in enumerate(self._bases):
                path = base / spelling
                if _is_there(path):
                    self._bases.insert(0, self._bases.pop(i))
                    return path
        return None


def inline_picture(text: str) -> bytes:
    """The bytes of a picture written as base64, plain or URL-safe, or as a `data:` address.

    Raises:
        PictureError: It is no base64.
    """
    body = text.partition(",")[2] if text.startswith("data:") else text
    body = "".join(body.split()).replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise PictureError("bad-base64", f"the picture is not base64 ({error})") from error


def picture_named(name: str, locator: Locator, identifier: str | None = None, place: str = "") -> Picture:
    """The picture a cell names: a file, or the bytes in a `data:` address.

    Raises:
        PictureError: It lies on the network, or its base64 is broken.
    """
    if name.startswith("data:"):
        return Picture(path=place, data=inline_picture(name), id=identifier)
    return Picture(path=str(locator.find(name)), id=identifier)


def _spellings(name: str) -> list[str]:
    """The name, then other ways the same file may be written on this system."""
    ways = [name]
    if "\\" in name:
        ways.append(PureWindowsPath(name).as_posix())
    if name.isascii():
        return ways
    ways += [unicodedata.normalize(form, way) for form in ("NFC", "NFD") for way in tuple(ways)]
    return list(dict.fromkeys(ways))


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except (OSError, ValueError):
        return False
    return True


def _subfolders(folder: Path) -> list[Path]:
    try:
        inside = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError:
        return []
    return inside[:_MAX_SUBFOLDERS]
