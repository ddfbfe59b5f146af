"""What a model's folder should hold: `tuwen.json` keeps size and SHA-256 of every file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from tuwen.errors import Damaged
from tuwen.files import checksum, read_json, write_json

RECORD = "tuwen.json"
FORMAT = 1
WEIGHTS = (".safetensors", ".bin", ".pt", ".pth", ".onnx", ".xml", ".npz")


def record(folder: Path, **origin: str) -> None:
    """Keep size and SHA-256 of every file of a folder, as they are now.

    Args:
        folder: Of the model.
        origin: Where it is from, such as `source`, `id` and `revision`.
    """
    write(folder, {name: checksum(folder / name) for name in _files(folder)}, **origin)


def write(folder: Path, sums: Mapping[str, str], **origin: str) -> None:
    """Write the record of files whose checksums are known already; it makes the folder a complete one."""
    files = {
        name: {"sha256": found, "size": (folder / name).stat().st_size}
        for name, found in sorted(sums.items())
    }
    now = datetime.now(UTC).isoformat(timespec="seconds")
    write_json(folder / RECORD, {"format": FORMAT, **origin, "recorded": now, "files": files})


def verify(folder: Path) -> list[str]:
    """Read every file of a folder and compare with its record; a sentence for each fault.

    Files that the record does not name are left alone.
    """
    if not (folder / RECORD).is_file():
        return [f"{folder} has no record of its files; it was put there by hand"]
    faults = missing(folder)
    for name, kept in _kept(folder).items():
        path = folder / name
        if path.is_file() and path.stat().st_size == kept["size"] and checksum(path) != kept["sha256"]:
            faults.append(f"{path} is not what was recorded: other content of the same size")
    return faults


def missing(folder: Path) -> list[str]:
    """What a folder lacks to be opened, told by names and sizes alone; nothing when it is complete."""
    if not folder.is_dir():
        return [f"{folder} is not there"]
    if (folder / RECORD).is_file():
        return [
            fault for name, kept in _kept(folder).items() if (fault := _fault(folder / name, kept["size"]))
        ]
    names = set(_files(folder))
    weights = {name for name in names if name.endswith(WEIGHTS)}
    if not weights:
        return [f"{folder} has no file of weights ({', '.join(WEIGHTS[:4])})"]
    if pointers := sorted(name for name in weights if _is_pointer(folder / name)):
        return [f"{folder / pointers[0]} only points to the weights: run git lfs pull in {folder}"]
    indexes = (_parts(folder / name) for name in sorted(names) if name.endswith(".index.json"))
    # an index without any of its parts is of weights in another format, which were left out
    lacking = {part for parts in indexes if parts & names or not weights - parts for part in parts - names}
    return [f"{folder / part} is missing" for part in sorted(lacking)]


def _is_pointer(path: Path) -> bool:
    """Whether git left a few lines in the place of a large file."""
    if path.stat().st_size > 1024:
        return False
    with path.open("rb") as stream:
        return stream.read(40).startswith(b"version https://git-lfs")


def _fault(path: Path, size: int) -> str:
    if not path.is_file():
        return f"{path} is missing"
    found = path.stat().st_size
    return "" if found == size else f"{path} has {found:,} bytes instead of {size:,}"


def _kept(folder: Path) -> dict[str, dict[str, Any]]:
    """The files of a record."""
    found = read_json(folder / RECORD)
    files = found.get("files") if isinstance(found, dict) else None
    if not isinstance(files, dict) or not all(
        isinstance(kept, dict) and {"sha256", "size"} <= set(kept) for kept in files.values()
    ):
        raise Damaged(f"{folder / RECORD} is no record of files; remove it to use the folder as it is")
    return files


def _files(folder: Path) -> list[str]:
    """The files of a folder by their names inside it, without hidden ones and the record."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    names = (name.as_posix() for name in found if not any(part.startswith(".") for part in name.parts))
    return sorted(name for name in names if name != RECORD)


def _parts(index: Path) -> set[str]:
    """The files that the index of a model in several files names."""
    found = read_json(index)
    names = found.get("weight_map", {}) if isinstance(found, dict) else {}
    return {str(PurePosixPath(name)) for name in names.values()} if isinstance(names, dict) else set()
