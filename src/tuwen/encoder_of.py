"""The encoder of a collection: chosen when it is made; later where the user said, beside it, or by name."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tuwen import encoders, learned
from tuwen.encoders import Encoder
from tuwen.errors import CollectionError, Damaged, InputError, NotFittedError, Unavailable
from tuwen.files import read_json, write_json
from tuwen.head import LEARNED, METHODS, Identity
from tuwen.methods import Hasher

if TYPE_CHECKING:
    from tuwen.arrays import Modality

FOLDER = "encoder"  # in the folder of a collection: the encoder's own files
PLACE = "place.json"  # in the folder of a collection: where its encoder lies now
DEFAULT = "mini"


def choose(
    encoder: str | Path | Encoder | None,
    method: str | Path | None,
    *,
    width: int | None,
    dtype: str,
    codes: int,
) -> tuple[Encoder | None, Identity]:
    """The encoder of a new collection and what the collection is; arguments as of `Collection.create`.

    Raises:
        InputError: An argument is out of range, or the method cannot code new items.
    """
    if dtype not in ("float16", "float32"):
        raise InputError(f"dtype is {dtype!r}; it must be 'float16' or 'float32'")
    if not isinstance(codes, int) or codes < 0 or codes % 8:
        raise InputError(f"codes is {codes}; the bits must be a multiple of 8, or 0 for none")
    if method is not None:
        made: Encoder | None = _learned(Path(method), None if encoder == DEFAULT else encoder)
    else:
        made = encoders.load(encoder) if isinstance(encoder, str | Path) else encoder
    name, format = "", 1
    if isinstance(made, learned.Learned):
        name, format = made.method_name, METHODS
        if isinstance(made.method, Hasher):
            if codes not in (0, made.width):
                raise InputError(
                    f"codes is {codes}, but {name} makes codes of {made.width} bits; leave it out"
                )
            codes = made.width
    if made is not None:
        made.check_ready()
    width = made.width if made is not None else width
    if not isinstance(width, int | np.integer) or width < 1:
        raise InputError(f"width is {width}; without an encoder, say how wide the vectors are")
    identity = Identity(
        encoder=made.name if made is not None else "",
        fingerprint=made.fingerprint if made is not None else "",
        width=int(width),
        dtype=dtype,
        codes=codes,
        method=name,
        format=format,
    )
    return made, identity


def find(path: Path, identity: Identity) -> Encoder:
    """Load the encoder of a collection, or the method that it was made with and its encoders.

    Args:
        path: Of the collection.
        identity: What it is.

    Raises:
        CollectionError: It is not where it was, nor anywhere else that is looked at; or it is another one.
        MissingExtra: It needs an optional dependency.
    """
    moved, name = _moved(path), identity.encoder
    try:
        if identity.method:
            found: Encoder = learned.Learned.open(path / LEARNED, moved)
        else:
            spec = moved.get("encoder", name)
            beside = spec == name and (path / FOLDER).is_dir()
            found = learned.beside(path / FOLDER) if beside else encoders.load(spec)
        found.check_ready()
    except (InputError, NotFittedError, Unavailable, Damaged) as error:
        typed = shlex.quote(str(path))
        raise CollectionError(
            f"{path} was made with encoder {name}, which cannot be opened: {error}. Put it back, or say "
            f"where it is now: tuwen index {typed} --encoder SPEC; "
            "from Python: tuwen.open(PATH, encoder=SPEC)"
        ) from error
    check(path, identity, found)
    return found


def given(path: Path, identity: Identity, encoder: str | Path | Encoder) -> Encoder:
    """What a user names as the encoder of a collection; of a method's encoders, the one that it is.

    Raises:
        CollectionError: It is another one.
    """
    found = encoders.load(encoder) if isinstance(encoder, str | Path) else encoder
    if identity.method and not isinstance(found, learned.Learned):
        known: dict[str, str | Encoder] = {**_moved(path)}
        found = learned.Learned.open(
            path / LEARNED, known | dict.fromkeys(_places(path, identity, found), found)
        )
    check(path, identity, found)
    return found


def move(path: Path, identity: Identity, encoder: Encoder) -> None:
    """Note where the encoder of a collection lies now; nothing is noted when that is its name.

    Raises:
        CollectionError: It is another encoder.
    """
    if identity.method:
        moved = dict.fromkeys(_places(path, identity, encoder), encoder.name)
        write_json(path / PLACE, _moved(path) | moved)
        return
    check(path, identity, encoder)
    if encoder.name != identity.encoder:
        write_json(path / PLACE, {"encoder": encoder.name})
    else:
        (path / PLACE).unlink(missing_ok=True)


def check(path: Path, identity: Identity, encoder: Encoder) -> None:
    """Refuse an encoder that a collection was not made with.

    Raises:
        CollectionError: Widths or fingerprints differ.
    """
    if encoder.width != identity.width:
        raise CollectionError(
            f"{path} has vectors of width {identity.width}, "
            f"encoder {encoder.name} makes {encoder.width}; open it with encoder {identity.encoder!r}"
        )
    if identity.fingerprint != encoder.fingerprint:
        raise CollectionError(
            f"{path} was made with {identity.encoder or 'no encoder'} "
            f"({identity.fingerprint[:12]}), not with {encoder.name} ({encoder.fingerprint[:12]}): "
            "vectors of two encoders do not compare; index the sources into a new collection"
        )


def _learned(folder: Path, encoder: str | Path | Encoder | None) -> Encoder:
    """A fitted method with its encoders, one of which may lie elsewhere now."""
    if encoder is None:
        return learned.Learned.open(folder)
    found = encoders.load(encoder) if isinstance(encoder, str | Path) else encoder
    if not (kinds := learned.kinds_of(folder, found)):
        raise InputError(
            f"{folder} was not fitted on vectors of {found.name} ({found.fingerprint[:12]}); leave the "
            "encoder out, or name where one of the method's own lies now"
        )
    return learned.Learned.open(folder, dict.fromkeys(kinds, found))


def _places(path: Path, identity: Identity, found: Encoder) -> list[Modality]:
    """The modalities of a learned space that an encoder is for."""
    if not (kinds := learned.kinds_of(path / LEARNED, found)):
        raise CollectionError(
            f"{path} was made with {identity.encoder}, and {found.name} ({found.fingerprint[:12]}) is none "
            "of these encoders: their vectors do not compare; index the sources into a new collection"
        )
    return kinds


def _moved(path: Path) -> dict[str, str]:
    if not (path / PLACE).is_file():
        return {}
    noted = read_json(path / PLACE)
    if not isinstance(noted, dict) or not noted or not all(isinstance(spec, str) for spec in noted.values()):
        raise Damaged(f"{path / PLACE} does not name an encoder; remove it")
    return {str(kind): spec for kind, spec in noted.items()}
