"""One file that holds many, each with its checksum: written as a stream, read with suspicion."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from tuwen.errors import CollectionError, Damaged, InputError
from tuwen.files import replacing

MANIFEST = "manifest.json"
CONTENT = "content/"
FORMAT = 1

_BLOCK = 1 << 20
_TEXT = (".json", ".txt", ".csv", ".tsv", ".jsonl", ".dic", ".xml", ".md")  # worth deflating
_LARGEST_MANIFEST = 256 * 2**20
_LARGEST_RATIO, _FREE_RATIO = 200, 64 * 2**20  # times its own size, and bytes beside, it may unpack to
_SPARE = 64 * 2**20

Report = Callable[[int, int | None], None]


class Writer:
    """Adds files to an archive; `close` writes the manifest, which makes it one."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.members: dict[str, dict[str, Any]] = {}

    def add(self, name: str, source: Path) -> None:
        """Copy a file into the archive.

        Raises:
            InputError: Two files would have one name.
        """
        self._free(name)
        with source.open("rb") as stream, self._opened(name, source.stat().st_size) as target:
            digest, size = hashlib.sha256(), 0
            while block := stream.read(_BLOCK):
                digest.update(block)
                size += len(block)
                target.write(block)
        self.members[name] = {"sha256": digest.hexdigest(), "size": size}

    def add_json(self, name: str, value: Any) -> None:
        """Put JSON into the archive."""
        self._free(name)
        content = json.dumps(value, ensure_ascii=False, indent=2).encode()
        with self._opened(name, len(content)) as target:
            target.write(content)
        self.members[name] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}

    def close(self, about: dict[str, Any]) -> None:
        """Write the manifest: what is told about the whole, and size and checksum of each member."""
        content = json.dumps(
            {"format": FORMAT, **about, "members": self.members}, ensure_ascii=False, indent=1
        )
        self._archive.writestr(_entry(MANIFEST), content.encode())

    def _free(self, name: str) -> None:
        if name in self.members:
            raise InputError(f"two files would be {name} in the pack; rename one of them")

    def _opened(self, name: str, size: int) -> Any:
        return self._archive.open(_entry(CONTENT + name), "w", force_zip64=size > 2**31 - _BLOCK)


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """A new archive that takes the place of `path` when the block ends well."""
    try:
        with replacing(path) as temporary, zipfile.ZipFile(temporary, "x", allowZip64=True) as archive:
            yield Writer(archive)
    except OSError as error:
        raise CollectionError(f"{path} cannot be written ({error.strerror or error})") from error


class Reader:
    """What an archive says it holds; nothing of it is believed before it is checked."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path = path
        self._archive = archive
        self.about = _manifest(path, archive)
        self._members: dict[str, dict[str, Any]] = self.about["members"]
        _check_members(path, archive, self._members)

    @property
    def size(self) -> int:
        """Bytes when unpacked."""
        return sum(member["size"] for member in self._members.values())

    def unpack(self, folder: Path, report: Report | None = None) -> None:
        """Write every member into a new folder, comparing sizes and checksums.

        Raises:
            Damaged: A member is not what the manifest says.
            CollectionError: There is not enough room.
        """
        free = shutil.disk_usage(folder.parent).free
        if self.size + _SPARE > free:
            raise CollectionError(
                f"{self.path} needs {self.size / 1e9:.1f} GB, but the disk of {folder} "
                f"has {free / 1e9:.1f} GB free"
            )
        done = 0
        for name, member in self._members.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with self._archive.open(CONTENT + name) as source, target.open("xb") as stream:
                self._copy(name, member, source, stream)
            done += member["size"]
            if report is not None:
                report(done >> 20, self.size >> 20)

    def _copy(self, name: str, member: dict[str, Any], source: Any, stream: BinaryIO) -> None:
        digest, size = hashlib.sha256(), 0
        while block := source.read(_BLOCK):
            size += len(block)
            if size > member["size"]:
                break
            digest.update(block)
            stream.write(block)
        if size != member["size"] or digest.hexdigest() != member["sha256"]:
            raise Damaged(f"{self.path}: {name} is not what was packed; copy the file again")


@contextmanager
def reading(path: Path) -> Iterator[Reader]:
    """An archive that `writing` made.

    Raises:
        Damaged: It is none, was cut or changed, or a newer tuwen wrote it.
        InputError: There is no such file.
    """
    if not path.is_file():
        raise InputError(f"there is no file {path}")
    try:
        with zipfile.ZipFile(path) as archive:
            yield Reader(path, archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise Damaged(f"{path} is no pack of tuwen, or was cut or changed ({error})") from error


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)  # without the time of today: the same files make the same bytes
    entry.compress_type = zipfile.ZIP_DEFLATED if name.endswith(_TEXT) else zipfile.ZIP_STORED
    entry.external_attr = 0o644 << 16
    return entry


def _manifest(path: Path, archive: zipfile.ZipFile) -> dict[str, Any]:
    if MANIFEST not in archive.namelist():
        raise Damaged(f"{path} is no pack of tuwen: it has no {MANIFEST}")
    if archive.getinfo(MANIFEST).file_size > _LARGEST_MANIFEST:
        raise Damaged(
            f"{path} has a manifest of more than {_LARGEST_MANIFEST >> 20} MB; it is no pack of tuwen"
        )
    try:
        found = json.loads(archive.read(MANIFEST))
    except ValueError as error:
        raise Damaged(f"{path} has a manifest that is not JSON ({error})") from error
    if not isinstance(found, dict) or not isinstance(found.get("format"), int):
        raise Damaged(f"{path} has a manifest that is not one of tuwen")
    if found["format"] > FORMAT:
        raise Damaged(f"{path} was packed by a newer tuwen (format {found['format']}): upgrade this one")
    members = found.get("members")
    if not isinstance(members, dict) or not all(
        isinstance(member, dict) and isinstance(member.get("sha256"), str) and _is_size(member.get("size"))
        for member in members.values()
    ):
        raise Damaged(f"{path} has a manifest without sizes and checksums")
    return found


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and value >= 0


def _check_members(path: Path, archive: zipfile.ZipFile, members: dict[str, dict[str, Any]]) -> None:
    """Refuse names that lead out, links, what the manifest does not list, and what swells when unpacked.

    Raises:
        Damaged: For each of them.
    """
    infos = [info for info in archive.infolist() if info.filename != MANIFEST]
    names = [info.filename for info in infos]
    if sorted(names) != sorted(CONTENT + name for name in members):
        raise Damaged(f"{path} does not hold the files that its manifest lists; copy the file again")
    for info in infos:
        name = info.filename.removeprefix(CONTENT)
        parts = name.split("/")
        if any(part in ("", ".", "..") for part in parts) or any(sign in name for sign in "\\:\0"):
            raise Damaged(f"{path} has a file named {name!r}, which leads out of the folder; do not use it")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise Damaged(f"{path} has a link, {name!r}; tuwen never packs one: do not use it")
        if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Damaged(f"{path} has {name!r} encrypted or compressed in a way that tuwen never does")
        if info.file_size != members[name]["size"]:
            raise Damaged(f"{path} gives two sizes for {name!r}; copy the file again")
    whole = sum(info.file_size for info in infos)
    if whole > _LARGEST_RATIO * path.stat().st_size + _FREE_RATIO:
        raise Damaged(
            f"{path} would unpack to {whole / 1e9:.1f} GB, far more than it can hold; do not use it"
        )
