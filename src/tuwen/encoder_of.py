"""The encoder of a collection: where the user said it lies now, else beside the vectors, else by name."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from tuwen import encoders
from tuwen.encoders.opening import kept
from tuwen.errors import CollectionError, Damaged, InputError, NotFittedError, Unavailable
from tuwen.files import read_json, write_json

if TYPE_CHECKING:
    from tuwen.encoders import Encoder

FOLDER = "encoder"  # in the folder of a collection: the encoder's own files
PLACE = "place.json"  # in the folder of a collection: where its encoder lies now


def find(path: Path, name: str) -> Encoder:
    """Load the encoder of a collection.

    Args:
        path: Of the collection.
        name: Of the encoder it was made with.

    Raises:
        CollectionError: It is not where it was, nor anywhere else that is looked at.
        MissingExtra: It needs an optional dependency.
    """
    spec = _moved(path) or name
    try:
        beside = spec == name and (path / FOLDER).is_dir()
        found = _beside(path / FOLDER) if beside else encoders.load(spec)
        found.check_ready()
        return found
    except (InputError, NotFittedError, Unavailable, Damaged) as error:
        typed = shlex.quote(str(path))
        raise CollectionError(
            f"{path} was made with encoder {name}, which cannot be opened: {error}. Put it back, or say "
            f"where it is now: tuwen index {typed} --encoder SPEC; "
            "from Python: tuwen.open(PATH, encoder=SPEC)"
        ) from error


def move(path: Path, spec: str, name: str) -> None:
    """Note where the encoder of a collection lies now; nothing is noted when that is its name."""
    if spec != name:
        write_json(path / PLACE, {"encoder": spec})
    else:
        (path / PLACE).unlink(missing_ok=True)


def _moved(path: Path) -> str:
    if not (path / PLACE).is_file():
        return ""
    noted = read_json(path / PLACE)
    if not isinstance(noted, dict) or not isinstance(noted.get("encoder"), str):
        raise Damaged(f"{path / PLACE} does not name an encoder; remove it")
    return str(noted["encoder"])


def _beside(folder: Path) -> Encoder:
    return kept.open_kept(folder) if kept.is_kept(folder) else encoders.load(str(folder))
