"""Vectors made before, looked up by id: `stored:features.npz`."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal, Self

import numpy as np
from PIL import Image

from tuwen.arrays import MODALITIES, Array, Modality, check_matrix, unit_rows
from tuwen.encoders.base import Encoder, Source
from tuwen.errors import Damaged, InputError, PictureError, TextError
from tuwen.files import read_arrays
from tuwen.records import Picture

_IDS = ("ids", "id", "names", "keys")
_VECTORS = ("vectors", "features", "embeddings", "feats", "x")
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Side:
    """The vectors of one modality.

    Attributes:
        ids: (n,) unique.
        vectors: (n, d) float32.
    """

    ids: tuple[str, ...]
    vectors: Array


class Stored(Encoder):
    """Looks vectors up that were made before, by tuwen or any other program.

    A picture is found by its id, else by the name of its file without or with the ending, else by its
    path as it was given; a text by the id given beside it, never by its words. What the file lacks is
    refused with the code `no-features`, so that only that item is left out.
    """

    needs: ClassVar[str] = "a file of vectors"
    by_id = True
    runtime = "looked up"
    batch_size = 1024

    def __init__(
        self,
        sides: dict[Modality, Side],
        *,
        name: str = "stored",
        fingerprint: str = "",
        made_by: str = "",
    ) -> None:
        """Hold vectors that are in memory already.

        Args:
            sides: Ids and vectors of each modality there is.
            name: For messages.
            fingerprint: Of the encoder that made the vectors; made from the vectors when empty.
            made_by: The name of that encoder.

        Raises:
            InputError: An id stands twice, lengths or widths differ, or a value is not finite.
        """
        if not sides:
            raise InputError(f"{name} has no vectors")
        checked = {kind: _checked(name, kind, sides[kind]) for kind in MODALITIES if kind in sides}
        widths = {kind: side.vectors.shape[1] for kind, side in checked.items()}
        if len(set(widths.values())) > 1:
            raise InputError(
                f"{name} has image vectors of {widths['image']} columns and text vectors of "
                f"{widths['text']}; an encoder has one width: choose a side with ,modality=image or "
                ",modality=text"
            )
        self.name = name
        self.width = next(iter(widths.values()))
        self.modalities = frozenset(checked)
        self.fingerprint = fingerprint or _fingerprint(checked)
        self.made_by = made_by
        self._sides = checked

    @classmethod
    def open(  # type: ignore[override]
        cls, path: Path, *, modality: Literal["image", "text"] | None = None
    ) -> Self:
        """Read vectors from a file.

        Args:
            path: What `tuwen encode` wrote; or an .npz with `ids` and `vectors` (or `features`), with
                `image_ids`, `image_vectors` and the same for texts; or an .npy with its ids beside it in
                `NAME.ids.txt`, one a line.
            modality: Take this side only; of what a file does not name one for, the side it is (`image`
                when not given).

        Raises:
            InputError: The file is not there, lacks ids or vectors, or they do not align.
            Damaged: It cannot be read, or holds pickled objects.
        """
        if not path.is_file():
            raise InputError(f"there is no file of vectors {path}")
        about = {"fingerprint": "", "encoder": ""}
        if path.suffix.lower() == ".npy":
            found: dict[Modality, Side] = {modality or "image": _beside(path)}
        else:
            arrays = read_arrays(path)
            found = dict(_named(path, arrays, modality))
            about = {key: str(arrays.get(key, "")) for key in about}
        if modality is not None:
            if modality not in found:
                raise InputError(f"{path} has vectors of {next(iter(found))}s, none of {modality}s")
            found = {modality: found[modality]}
        return cls(found, name=f"stored:{path}", fingerprint=about["fingerprint"], made_by=about["encoder"])

    def ids(self, modality: Modality) -> tuple[str, ...]:
        """The ids of one side, in the order of the file."""
        self._check(modality)
        return self._sides[modality].ids

    def prepare(self, image: Source) -> Array:
        """The vector of a picture, (width,) float32; the picture itself is not read.

        Raises:
            PictureError: There is no vector of it, or it has no name to look up.
        """
        self._check("image")
        if isinstance(image, Image.Image):
            raise PictureError(
                "no-id", f"{self.name} looks pictures up by id: pass a path or a Picture, not pixels"
            )
        rows = self._rows["image"]
        for name in _names_of(image):
            if (row := rows.get(name)) is not None:
                return np.asarray(self._sides["image"].vectors[row])
        path = image.path if isinstance(image, Picture) else str(image)
        raise PictureError(
            "no-features", f"{self.name} has no vector of the picture {next(_names_of(image))!r} ({path})"
        )

    def encode_texts(self, texts: Sequence[str], *, ids: Sequence[str] = (), unit: bool = True) -> Array:
        """The vectors of texts, (n, width), by their ids.

        Args:
            texts: Strings; only their number matters.
            ids: One a text.
            unit: Scale rows to length one; False gives them as they are stored.

        Raises:
            TextError: There is no vector of some id.
            InputError: There are no ids, or not as many as texts.
        """
        self._check("text")
        if isinstance(texts, str):
            raise InputError("texts is one string; pass a list of strings")
        if texts and not ids:
            raise InputError(
                f"{self.name} looks texts up by id and cannot encode new ones: give their ids beside "
                f"them, or {self._way_out()}"
            )
        if len(ids) != len(texts):
            raise InputError(f"there are {len(ids)} ids but {len(texts)} texts; give one a text")
        rows = self._rows["text"]
        missing = [name for name in ids if name not in rows]
        if missing:
            shown = ", ".join(map(repr, missing[:_SHOWN])) + (", ..." if len(missing) > _SHOWN else "")
            raise TextError(
                "no-features",
                f"{self.name} has no vector of the text {shown}; a table names its texts in a column text_id"
                if len(missing) == 1
                else f"{self.name} has no vectors of {len(missing):,} texts: {shown}; a table names its "
                "texts in a column text_id",
            )
        vectors = self._sides["text"].vectors[[rows[name] for name in ids]]
        return unit_rows(vectors) if unit else vectors

    def _check(self, modality: Modality) -> None:
        if modality not in self.modalities and self.made_by:
            (known,) = self.modalities
            raise InputError(
                f"encoder {self.name} does not encode {modality}s, only {known}s; {self._way_out()}"
            )
        super()._check(modality)

    def _way_out(self) -> str:
        return (
            "ask with the encoder that made the vectors: "
            f"tuwen index COLLECTION --encoder {self.made_by or 'SPEC'}"
        )

    def _encode_images(self, pixels: Array) -> Array:
        return pixels

    @cached_property
    def _rows(self) -> dict[Modality, dict[str, int]]:
        return {kind: {name: row for row, name in enumerate(side.ids)} for kind, side in self._sides.items()}


def _names_of(image: str | Path | Picture) -> Iterator[str]:
    """What a picture may be called in a file of vectors, the surest first."""
    if isinstance(image, Picture):
        if image.id is not None:
            yield image.id
        image = image.path
    path = Path(image)
    yield path.stem
    yield path.name
    yield str(image)


def _named(
    path: Path, arrays: dict[str, Array], modality: Modality | None
) -> Iterator[tuple[Modality, Side]]:
    """The sides that an .npz holds."""
    found = False
    for kind in MODALITIES:
        ids, vectors = (_first(arrays, [f"{kind}_{name}" for name in names]) for names in (_IDS, _VECTORS))
        if ids is not None and vectors is not None:
            found = True
            yield kind, Side(_texts(path, ids), vectors)
    if found:
        return
    ids, vectors = _first(arrays, _IDS), _first(arrays, _VECTORS)
    if ids is None or vectors is None:
        raise InputError(
            f"{path} needs an array `ids` and an array `vectors` (or image_ids and image_vectors, text_ids "
            f"and text_vectors); it has {', '.join(sorted(arrays)) or 'none'}"
        )
    yield modality or "image", Side(_texts(path, ids), vectors)


def _beside(path: Path) -> Side:
    """An .npy and the text file of its ids."""
    files = [path.with_suffix(".ids.txt"), path.with_suffix(".txt"), path.with_name(path.name + ".txt")]
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        raise InputError(f"{path} needs its ids beside it: write them to {files[0].name}, one a line")
    try:
        vectors = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise Damaged(f"{path} is not an .npy file of a plain array ({error})") from error
    try:
        ids = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise Damaged(f"{file} is not UTF-8 ({error})") from error
    while ids and not ids[-1].strip():
        ids.pop()
    return Side(tuple(name.strip() for name in ids), vectors)


def _first(arrays: dict[str, Array], names: Sequence[str]) -> Array | None:
    return next((arrays[name] for name in names if name in arrays), None)


def _texts(path: Path, ids: Array) -> tuple[str, ...]:
    """Ids as text: numbers as they are written, bytes as UTF-8."""
    if ids.ndim != 1 or ids.dtype.kind not in "USiu":
        raise InputError(
            f"{path} has ids of shape {ids.shape} and type {ids.dtype}; "
            "texts or whole numbers (n,) are needed"
        )
    if ids.dtype.kind == "S":
        return tuple(name.decode("utf-8", "replace") for name in ids.tolist())
    return tuple(str(name) for name in ids.tolist())


def _checked(name: str, kind: Modality, side: Side) -> Side:
    vectors = check_matrix(f"{name}: {kind} vectors", side.vectors)
    if len(side.ids) != len(vectors):
        raise InputError(f"{name} has {len(side.ids)} {kind} ids but {len(vectors)} vectors; they must align")
    if not vectors.size:
        raise InputError(f"{name} has no {kind} vectors: their shape is {vectors.shape}")
    if len(set(side.ids)) < len(side.ids):
        twice = Counter(side.ids).most_common(1)[0][0]
        raise InputError(f"{name} has the {kind} id {twice!r} twice; ids must be unique")
    return Side(side.ids, vectors)


def _fingerprint(sides: dict[Modality, Side]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for kind, side in sides.items():
        digest.update("\0".join([kind, *side.ids]).encode("utf-8", "surrogatepass"))
        digest.update(np.ascontiguousarray(side.vectors).tobytes())
    return f"stored-{digest.hexdigest()}"
