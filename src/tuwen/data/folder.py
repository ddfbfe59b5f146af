"""Folders of pictures, with captions in text files beside them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from tuwen.data.base import Source
from tuwen.data.lines import Fault, encoding_of, fault_of, is_text, read_lines
from tuwen.errors import InputError
from tuwen.records import Picture, Record, Refusal, Text

SUFFIXES = frozenset(
    f".{name}"
    for name in (
        "jpg", "jpeg", "jpe", "jfif", "png", "apng", "webp", "gif", "bmp", "dib", "tif", "tiff", "avif",
        "heic", "heif", "hif",
    )
)  # fmt: skip
# pictures people expect to find again; they are refused by name rather than passed over in silence
UNREADABLE_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        "psd", "svg", "jp2", "j2k", "jxl", "ico", "eps", "ai", "cr2", "cr3", "nef", "arw", "dng", "raf",
        "rw2", "orf", "exr", "hdr", "tga", "pcx", "ppm", "pgm", "pbm", "wmf", "emf", "xcf",
    )
)  # fmt: skip
_SYSTEM_FOLDERS = frozenset(("__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information"))
_MAX_CAPTION_BYTES = 1 << 20
_Found = tuple[Path, Path | None]  # a picture and the captions beside it


class FolderSource(Source):
    """The pictures of a folder by name, then those of the folders inside; hidden ones are left out.

    A text file beside a picture with the same name (`dog.jpg`, `dog.txt`) holds its captions, one a
    line. Links to folders are followed once.

    Args:
        path: The folder, or a single picture.
        pattern: What to take, as shell patterns parted by commas (or a list), matched against the
            name and the path inside the folder; `!` in front leaves out: `"*.jpg,!thumbs/*"`. When
            given, it decides alone; else the file's suffix does.
        recursive: Whether folders inside are read too.
        captions: Whether text files beside pictures are read.
    """

    kind = "folder"

    def __init__(
        self,
        path: Path,
        *,
        pattern: str | Sequence[str] | None = None,
        recursive: bool = True,
        captions: bool = True,
    ) -> None:
        super().__init__(path)
        wanted = pattern.split(",") if isinstance(pattern, str) else list(pattern or ())
        wanted = [part.strip() for part in wanted if part.strip()]
        self._without = tuple(part[1:] for part in wanted if part.startswith("!"))
        self._only = tuple(part for part in wanted if not part.startswith("!"))
        self._recursive = recursive
        self._with_captions = captions
        self._count: int | None = None

    @property
    def count_hint(self) -> int | None:
        """How many pictures there are; walks the folder once."""
        if self._count is None:
            self._count = sum(1 for _ in self._files())
        return self._count

    def describe(self) -> str:
        """The folder and what is taken from it."""
        which = ", ".join([*self._only, *(f"not {part}" for part in self._without)]) or "pictures"
        depth = "with the folders inside" if self._recursive else "without the folders inside"
        return f"{self.path}: {which}, {depth}" if self.path.is_dir() else f"{self.path}: one picture"

    def records(self) -> Iterator[Record | Refusal]:
        """One record a picture, with its captions."""
        for found in self._files():
            if isinstance(found, Refusal):
                yield found
                continue
            path, beside = found
            texts: tuple[Text, ...] = ()
            if beside is not None:
                captions = _captions(beside)
                if isinstance(captions, Fault):
                    yield self.refusal(str(beside), captions.code, f"{beside}: {captions.reason}")
                else:
                    texts = tuple(Text(text=line) for line in captions)
            images = (Picture(path=str(path)),)
            yield Record(images=images, texts=texts, origin=str(path), source=str(self.path))

    def _files(self) -> Iterator[_Found | Refusal]:
        if self.path.is_dir():
            yield from self._walk(self.path, set())
        else:
            beside = self.path.with_suffix(".txt")
            yield self.path, beside if self._with_captions and beside.is_file() else None

    def _walk(self, folder: Path, seen: set[tuple[int, int]]) -> Iterator[_Found | Refusal]:
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in seen:
                return  # a link back to a folder that was read
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            reason = f"{folder} cannot be listed ({error.strerror}); check its permissions"
            yield self.refusal(str(folder), "not-readable", reason)
            return
        names = {entry.name for entry in entries} if self._with_captions else set()
        inner: list[Path] = []
        for entry in entries:
            if entry.name.startswith(".") or entry.name in _SYSTEM_FOLDERS:
                continue
            path = folder / entry.name
            if _is_folder(entry):
                inner.append(path)
            elif self._wanted(path):
                beside = path.with_suffix(".txt")
                yield self._named(path, beside if beside.name in names and beside != path else None)
        for path in inner:
            yield from self._inner(path, seen)

    def _inner(self, path: Path, seen: set[tuple[int, int]]) -> Iterator[_Found | Refusal]:
        if path.suffix.lower() in SUFFIXES and self._wanted(path):
            yield self.refusal(str(path), "not-a-file", f"{path} is a folder with the name of a picture")
        if self._recursive:
            yield from self._walk(path, seen)

    def _named(self, path: Path, beside: Path | None) -> _Found | Refusal:
        if is_text(str(path)):
            return path, beside
        parts = (
            part if is_text(part) else os.fsencode(part).decode("gb18030", "backslashreplace")
            for part in path.parts
        )
        shown = str(Path(*parts))
        return self.refusal(shown, "bad-path", f"the name of {shown} is not UTF-8; rename the file")

    def _wanted(self, path: Path) -> bool:
        inside = path.relative_to(self.path).as_posix()
        if any(fnmatchcase(inside, part) or fnmatchcase(path.name, part) for part in self._without):
            return False
        if self._only:
            return any(fnmatchcase(inside, part) or fnmatchcase(path.name, part) for part in self._only)
        return path.suffix.lower() in SUFFIXES or path.suffix.lower() in UNREADABLE_SUFFIXES


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link in a circle; reading it says so


def _captions(beside: Path) -> list[str] | Fault:
    """The lines of a caption file; an empty one has none."""
    try:
        size = beside.stat().st_size
        if size == 0:
            return []
        if size > _MAX_CAPTION_BYTES:
            return Fault("too-large", f"it has {size:,} bytes, which is no caption")
        lines = [line for _, line in read_lines(beside, encoding_of(beside)) if line.strip()]
    except (InputError, OSError) as error:
        return Fault("not-readable", f"its captions cannot be read ({error})")
    return next((fault for line in lines if (fault := fault_of(line))), [line.strip() for line in lines])
