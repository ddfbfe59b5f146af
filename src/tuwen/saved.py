"""What was learned, on disk: a JSON file named by its kind says what it is, `state.npz` holds it."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import Damaged, InputError
from tuwen.files import checksum, read_arrays, read_json, write_arrays, write_json

FORMAT = 1
Kind = Literal["method", "encoder", "classes", "fusion"]
_STATE = "state.npz"


@dataclass(frozen=True, slots=True)
class Saved:
    """What a folder holds.

    Attributes:
        name: The name in the registry of methods or encoders.
        params: Its constructor arguments.
        state: Learned values by name: arrays, numbers, texts, and lists and dicts of them.
    """

    name: str
    params: dict[str, Any]
    state: dict[str, Any]


def write(folder: Path, saved: Saved, kind: Kind = "method") -> None:
    """Write both files; the description, last, makes them valid."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Array] = {}
    state = _without_arrays(saved.state, "", arrays)
    write_arrays(folder / _STATE, arrays)
    description = {
        "format": FORMAT,
        "name": saved.name,
        "params": saved.params,
        "state": state,
        "sha256": checksum(folder / _STATE),
    }
    write_json(folder / f"{kind}.json", description)


def read(folder: Path, kind: Kind = "method") -> Saved:
    """Read both files.

    Raises:
        Damaged: A file is missing, broken, of a newer version or of another save.
    """
    about = folder / f"{kind}.json"
    missing = [path.name for path in (about, folder / _STATE) if not path.is_file()]
    if missing:
        raise Damaged(f"{folder} holds no saved {kind}: {' and '.join(missing)} missing")
    description = read_json(about)
    if not isinstance(description, dict) or not isinstance(description.get("format"), int):
        raise Damaged(f"{about} does not describe a saved {kind}")
    if description["format"] > FORMAT:
        raise Damaged(
            f"{folder} was written by a newer version (format {description['format']}); update tuwen"
        )
    if checksum(folder / _STATE) != description.get("sha256"):
        raise Damaged(f"{folder / _STATE} is not the file that {about.name} describes; fit and save again")
    arrays = read_arrays(folder / _STATE)
    try:
        state = _with_arrays(description["state"], arrays)
        return Saved(description["name"], description["params"], state)
    except (KeyError, TypeError) as error:
        raise Damaged(f"{about} does not describe a saved {kind} ({error!r})") from error


def check_free(folder: Path, *marks: str) -> None:
    """Whether what is learned may be written to a folder: a new or empty one, or one with an earlier result.

    Args:
        folder: Where to write.
        marks: Files or folders by which an earlier result is told, which is replaced.

    Raises:
        InputError: It holds something else.
    """
    if (folder / "collection.json").is_file():
        raise InputError(f"{folder} is a collection; name a new folder")
    if any((folder / mark).exists() for mark in marks):
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is there already and holds something else; name a new folder")


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """A new folder beside that takes the place of the folder, and of all in it, when the block ends well."""
    folder = folder.absolute()
    made = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
    try:
        made.mkdir(parents=True)
        yield made
        if folder.exists():
            shutil.rmtree(folder)
        made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _without_arrays(value: Any, path: str, arrays: dict[str, Array]) -> Any:
    """The value as JSON; its arrays go to `arrays`, and their names stand in their places."""
    match value:
        case np.ndarray():
            arrays[path] = value
            return {"array": path}
        case dict():
            return {
                "dict": {
                    key: _without_arrays(part, f"{path}/{key}".strip("/"), arrays)
                    for key, part in value.items()
                }
            }
        case list() | tuple():
            return {
                "list": [_without_arrays(part, f"{path}/{place}", arrays) for place, part in enumerate(value)]
            }
        case np.generic():
            return {"value": value.item()}
        case None | bool() | int() | float() | str():
            return {"value": value}
    raise TypeError(f"learned value {path} is a {type(value).__name__}, which cannot be saved")


def _with_arrays(value: dict[str, Any], arrays: dict[str, Array]) -> Any:
    """The reverse of `_without_arrays`."""
    if "array" in value:
        return arrays[value["array"]]
    if "dict" in value:
        return {key: _with_arrays(part, arrays) for key, part in value["dict"].items()}
    if "list" in value:
        return [_with_arrays(part, arrays) for part in value["list"]]
    return value["value"]
