"""A fitted method with the encoders it was fitted on: one encoder of the space that it learned."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import numpy as np

from tuwen import encoders, methods
from tuwen.arrays import MODALITIES, Array, Modality, unit_rows
from tuwen.encoders import Encoder
from tuwen.encoders.base import Source
from tuwen.encoders.fitted import Fitted
from tuwen.encoders.opening import kept
from tuwen.errors import Damaged, InputError
from tuwen.files import read_json, write_json
from tuwen.methods import Coder, Hasher, Method
from tuwen.parts import kinds_of_parts, picture_parts, text_parts

ENCODERS = "encoders.json"  # beside a saved method: what made the features it learned from
FORMAT = 1
_METHOD = ("method.json", "state.npz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What made the features of one modality.

    Attributes:
        name: Of the encoder, as `encoders.load` takes it.
        fingerprint: Of the encoder.
        width: Columns of its vectors.
        unit: Whether vectors were scaled to length one before the method saw them.
    """

    name: str
    fingerprint: str
    width: int
    unit: bool = True


class Learned(Encoder):
    """Two encoders and a fitted method, as one encoder of the common space.

    A picture goes through the image encoder, then through the method, a text likewise; so everything that a
    collection does works in the space that was learned. Codes of a hashing method become rows of
    ±1/√bits: their cosine is the share of bits that agree minus the share that differ. What an encoder has
    nothing to say of, a row of zeros, stays one.
    """

    def __init__(self, folder: Path, method: Coder, sides: dict[Modality, tuple[Encoder, Side]]) -> None:
        """Join what was opened already; `Learned.open` opens it.

        Args:
            folder: That of the method.
            method: What was fitted.
            sides: The encoder of each modality, and what the method was fitted on.
        """
        self.folder, self.method = folder, method
        self.method_name = type(method).__module__.rpartition(".")[2]
        self.sides = {kind: encoder for kind, (encoder, _) in sides.items()}
        self._unit = {kind: side.unit for kind, (_, side) in sides.items()}
        self.width = method.width
        self.modalities = frozenset(sides)
        used = list(dict.fromkeys(side.name for _, side in sides.values()))
        self.name = f"{self.method_name}({', '.join(used)})"
        self.image_size = self.sides["image"].image_size if "image" in sides else 0
        self.batch_size = min(encoder.batch_size for encoder in self.sides.values())
        self.by_id = any(encoder.by_id for encoder in self.sides.values())
        self.languages = self.sides["text"].languages if "text" in sides else ()
        self.runtime = " + ".join(
            dict.fromkeys(encoder.runtime for encoder in self.sides.values() if encoder.runtime)
        )
        self.parameters = sum({id(part): part.parameters for part in self.sides.values()}.values())
        self.fingerprint = _fingerprint(key_of(folder), {kind: side for kind, (_, side) in sides.items()})

    @classmethod
    def open(  # type: ignore[override]
        cls, path: Path, places: Mapping[Any, str | Encoder] = MappingProxyType({})
    ) -> Self:
        """Open what `tuwen fit` wrote.

        Args:
            path: The folder.
            places: By modality, an encoder or where it lies now; others lie beside the method, or where
                they were.

        Raises:
            InputError: The method gives no vectors or bits, or its features are of unknown origin.
            Damaged: A file is missing or broken.
            NotFittedError, Unavailable: An encoder cannot be opened.
        """
        method, sides = codes(Path(path)), read_sides(Path(path))
        if lacking := [kind for kind in MODALITIES if kind not in sides]:
            raise InputError(
                f"{path} was fitted on {' and '.join(lacking)} features of unknown origin, so new items "
                "cannot be encoded for it: fit it on what `tuwen encode` wrote, or on pictures and texts. "
                "methods.load(FOLDER).transform(FEATURES, MODALITY) makes vectors for Collection.add_vectors"
            )
        made: dict[Modality, tuple[Encoder, Side]] = {}
        for kind, side in sides.items():
            found = _encoder(Path(path), kind, side, places.get(kind), made, sets=method.takes_sets)
            made[kind] = (found, side)
        return cls(Path(path), method, made)

    def has_beside(self, kind: Modality) -> bool:
        """Whether the encoder of a modality lies in the method's own folder."""
        first = next(other for other, part in self.sides.items() if part is self.sides[kind])
        return (self.folder / first).is_dir()

    def prepare(self, image: Source) -> Array:
        """What the image encoder makes of one picture before it is encoded.

        Raises:
            PictureError: The picture cannot be decoded.
        """
        self._check("image")
        if self.method.takes_sets:
            return picture_parts(image, self.sides["image"])
        return self.sides["image"].prepare(image)

    def encode_texts(self, texts: Sequence[str], *, ids: Sequence[str] = (), unit: bool = True) -> Array:
        """Encode texts, (n, width); rows have length one either way.

        Raises:
            TextError: The text encoder looks vectors up and lacks one.
        """
        self._check("text")
        part = self.sides["text"]
        cut = part.cut
        if self.method.takes_sets:
            rows = self._words(texts)
        else:
            rows = part.encode_texts(texts, ids=ids, unit=self._unit["text"])
        self.cut += part.cut - cut
        return self._project(rows, "text")

    def check_ready(self) -> None:
        """See the base."""
        for part in self.sides.values():
            part.check_ready()

    def _words(self, texts: Sequence[str]) -> Array:
        """The words of texts, (n, words, d) float32."""
        if isinstance(texts, str):
            raise InputError("texts is one string; pass a list of strings")
        found = text_parts(list(texts), self.sides["text"])
        return found.astype(np.float32)

    def _encode_images(self, pixels: Array) -> Array:
        if self.method.takes_sets:
            return self._project(pixels.astype(np.float32), "image")
        return self._project(self.sides["image"].encode_prepared(pixels, unit=self._unit["image"]), "image")

    def _project(self, features: Array, kind: Modality) -> Array:
        """Unit rows (n, width) of features (n, d), each by itself: sums in blocks depend on the block.

        Those of sets are (n, parts, d).
        """
        vectors = np.zeros((len(features), self.width), dtype=np.float32)
        for row in np.flatnonzero(features.any(axis=tuple(range(1, features.ndim)))):
            code = self.method.transform(features[row : row + 1], kind)
            vectors[row] = code if not isinstance(self.method, Hasher) else _signs(code)
        return unit_rows(vectors)

    def _weigh(self, image: Source) -> int:
        return self.sides["image"]._weigh(image)


def codes(folder: Path) -> Coder:
    """The fitted method of a folder, which codes each item on its own.

    Raises:
        InputError: It scores pairs only.
        Damaged: There is none.
    """
    method = methods.load(folder)
    if not isinstance(method, Coder):
        name = type(method).__module__.rpartition(".")[2]
        raise InputError(
            f"{folder} holds {name}, which scores pairs and gives no vectors, so it cannot index a "
            "collection: choose another method (tuwen methods --gives vectors, or --gives bits), or score "
            "with tuwen.methods.load(FOLDER).similarity(images, texts)"
        )
    return method


def write(folder: Path, method: Method, sides: dict[Modality, Side]) -> None:
    """Write a fitted method and what its features were made by, for `Learned.open` and `methods.load`."""
    method.save(folder)
    about: dict[str, Any] = {"format": FORMAT}
    for kind, side in sides.items():
        about[kind] = {
            "name": side.name, "fingerprint": side.fingerprint, "width": side.width, "unit": side.unit,
        }  # fmt: skip
    write_json(folder / ENCODERS, about)


def read_sides(folder: Path) -> dict[Modality, Side]:
    """What made the features that a method was fitted on; a modality of unknown origin is left out.

    Raises:
        Damaged: The file is broken, or of a newer version.
    """
    path = folder / ENCODERS
    if not path.is_file():
        return {}
    about = read_json(path)
    if not isinstance(about, dict) or not isinstance(about.get("format"), int):
        raise Damaged(f"{path} does not describe encoders; fit again")
    if about["format"] > FORMAT:
        raise Damaged(f"{path} was written by a newer tuwen (format {about['format']}); upgrade tuwen")
    try:
        return {kind: Side(**about[kind]) for kind in MODALITIES if kind in about}
    except TypeError as error:
        raise Damaged(f"{path} does not describe encoders ({error}); fit again") from error


def copy(folder: Path, target: Path) -> None:
    """Copy a fitted method with its own encoders, and nothing else that lies there."""
    target.mkdir(parents=True, exist_ok=True)
    for kind in MODALITIES:
        if (folder / kind).is_dir():
            shutil.copytree(folder / kind, target / kind, dirs_exist_ok=True)
    for name in (*_METHOD, ENCODERS):
        if (folder / name).is_file():
            shutil.copyfile(folder / name, target / name)


def kinds_of(folder: Path, encoder: Encoder) -> list[Modality]:
    """The modalities whose features an encoder made for a fitted method."""
    sides = read_sides(folder)
    return [kind for kind, side in sides.items() if side.fingerprint == getattr(encoder, "fingerprint", "")]


def beside(folder: Path) -> Encoder:
    """The encoder whose own files lie in a folder, packed or as it was saved."""
    return kept.open_kept(folder) if kept.is_kept(folder) else encoders.load(str(folder))


def same(folder: Path, other: Path) -> bool:
    """Whether two folders hold the same fit on features of the same encoders.

    Raises:
        Damaged: One holds no method.
    """
    codes(folder)
    return key_of(folder) == key_of(other) and _marks(read_sides(folder)) == _marks(read_sides(other))


def key_of(folder: Path) -> str:
    """Tells a fit of a method from every other: name, parameters and all that was learned."""
    about = read_json(folder / _METHOD[0])
    said = {name: about.get(name) for name in ("name", "params", "state", "sha256")}
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _encoder(
    folder: Path,
    kind: Modality,
    side: Side,
    place: str | Encoder | None,
    made: dict[Modality, tuple[Encoder, Side]],
    *,
    sets: bool = False,
) -> Encoder:
    """The encoder of a side: where the user says, else beside the method, else by name.

    Parts, of which `sets` are made, may be of another width than vectors.
    """
    for other, known in made.values():
        if known.fingerprint == side.fingerprint and place is None:
            return other
    if isinstance(place, Encoder):
        found = place
    elif place is None and (folder / kind).is_dir():
        found = beside(folder / kind)
    else:
        found = encoders.load(place or side.name)
        if place is None and isinstance(found, Fitted) and not found.fitted:
            raise Damaged(
                f"{folder / kind} is missing: {side.name}, fitted with the method, lay there; restore the "
                "folder, or fit again"
            )
    found.check_ready()
    if sets and kind not in kinds_of_parts(found):
        raise InputError(f"{found.name} gives no parts of {kind}s, which {folder} was fitted on")
    if found.fingerprint != side.fingerprint or (found.width != side.width and not sets):
        raise InputError(
            f"{folder} was fitted on {kind} features of {side.name} ({side.fingerprint[:12]}), but "
            f"{found.name} is {found.fingerprint[:12]}: name the encoder it was fitted on, or fit again"
        )
    return found


def _signs(code: Array) -> Array:
    """One packed code (1, bytes) as ±1."""
    return np.asarray(np.unpackbits(code[0]).astype(np.float32) * 2 - 1)


def _fingerprint(key: str, sides: dict[Modality, Side]) -> str:
    text = "\0".join([key, *_marks(sides)])
    return f"learned-{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"


def _marks(sides: dict[Modality, Side]) -> list[str]:
    return [f"{kind}\0{side.fingerprint}\0{side.unit}" for kind, side in sorted(sides.items())]
