"""A method that `tuwen fit` or `tuwen train` wrote, as a reranker."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tuwen import encoders, learned, methods
from tuwen.arrays import MODALITIES, Array, Modality
from tuwen.encoders import Encoder
from tuwen.encoders.base import Source
from tuwen.errors import InputError
from tuwen.learned import Side
from tuwen.methods import Method
from tuwen.rerank.base import Reranker, Unreadable, halved

HEAD = "itm"  # in the folder of a trained encoder: its matching head


class Fitted(Reranker):
    """Scores pairs by a method's `similarity`, on features by the encoders that it was fitted on."""

    keeps = True

    def __init__(self, name: str, method: Method, sides: dict[Modality, tuple[Encoder, bool]]) -> None:
        """Join what was opened already; `Fitted.open` opens it.

        Args:
            name: For people.
            method: What was fitted.
            sides: Of each modality its encoder, and whether rows are scaled to length one.
        """
        self.name, self.method, self.sides = name, method, sides

    @classmethod
    def open(cls, folder: Path, known: Iterable[Encoder] = ()) -> Fitted:
        """Open a folder with a method.

        Args:
            folder: Of the method, or of a trained encoder with its matching head.
            known: Encoders that are open already.

        Raises:
            InputError: Nobody knows what made the features it was fitted on, or an encoder is another one.
            Damaged: A file is missing or broken.
            NotFittedError, Unavailable: An encoder cannot be opened.
        """
        folder = Path(folder)
        if not (folder / "method.json").is_file():
            folder = folder / HEAD
        method = methods.load(folder)
        name = f"{type(method).__module__.rpartition('.')[2]} of {folder}"
        sides = learned.read_sides(folder)
        marks = (folder.parent / name for name in ("config.json", "tuwen.json"))
        if not sides and folder.name == HEAD and any(mark.is_file() for mark in marks):
            encoder = encoders.load(str(folder.parent))
            return cls(name, method, {kind: (encoder, True) for kind in MODALITIES})
        if lacking := [kind for kind in MODALITIES if kind not in sides]:
            raise InputError(
                f"{folder} was fitted on {' and '.join(lacking)} features of unknown origin, so hits cannot "
                "be encoded for it: fit it on pictures and texts, or on what `tuwen encode` wrote"
            )
        opened = list(known)
        made: dict[Modality, tuple[Encoder, bool]] = {}
        for kind, side in sides.items():
            # parts of an item may be of another width than its vector
            width = 0 if method.takes_sets else side.width
            made[kind] = (_encoder(folder, kind, replace(side, width=width), opened), side.unit)
            opened.append(made[kind][0])
        return cls(name, method, made)

    def mark(self, kind: Modality) -> str:
        """See the base."""
        encoder, unit = self.sides[kind]
        text = f"{encoder.fingerprint}\0{encoder.width}\0{unit}\0{self.method.takes_sets}"
        return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()

    def read(
        self, items: Sequence[Source], kind: Modality, ids: Sequence[str] = ()
    ) -> list[Array | Unreadable]:
        """Features of each item: (d,), or (parts, d) where the method takes sets."""
        encoder, unit = self.sides[kind]
        make = _sets(encoder, kind) if self.method.takes_sets else _vectors(encoder, kind, unit=unit)
        return halved(make, list(items), list(ids) or [""] * len(items))

    def score(self, query: Array, items: Sequence[Array], kind: Modality) -> Array:
        """See the base."""
        asked, found = _stacked([query]), _stacked(items)
        if kind == "image":
            return np.asarray(self.method.similarity(found, asked)[:, 0], dtype=np.float32)
        return np.asarray(self.method.similarity(asked, found)[0], dtype=np.float32)


def _encoder(folder: Path, kind: Modality, side: Side, opened: Sequence[Encoder]) -> Encoder:
    """The encoder of a side: one that is open already, else beside the method, else by name.

    Raises:
        InputError: What is found there now is another one.
    """
    for encoder in opened:
        if _is(encoder, side):
            return encoder
    found = learned.beside(folder / kind) if (folder / kind).is_dir() else encoders.load(side.name)
    found.check_ready()
    if not _is(found, side):
        raise InputError(
            f"{folder} was fitted on {kind} features of {side.name} ({side.fingerprint[:12]}), but "
            f"{found.name} is {found.fingerprint[:12]}: put the encoder back, or fit again"
        )
    return found


def _is(encoder: Encoder, side: Side) -> bool:
    # one that learns from items has no fingerprint before it has learned
    return getattr(encoder, "fingerprint", "") == side.fingerprint and side.width in (0, encoder.width)


def _vectors(encoder: Encoder, kind: Modality, *, unit: bool) -> Callable[[Any, Any], Sequence[Array]]:
    def make(items: Sequence[Any], ids: Sequence[str]) -> Sequence[Array]:
        if kind == "image":
            return list(encoder.encode_images(items, unit=unit))
        return list(encoder.encode_texts(items, ids=ids, unit=unit))

    return make


def _sets(encoder: Encoder, kind: Modality) -> Callable[[Any, Any], Sequence[Array]]:
    of_images, of_texts = (getattr(encoder, name, None) for name in ("patch_tokens", "token_states"))
    if (of_images if kind == "image" else of_texts) is None:
        raise InputError(
            f"{encoder.name} gives no parts of {kind}s, which this method compares; "
            "fit it on features of an encoder that does, such as a ViT of the CLIP family"
        )

    def make(items: Sequence[Any], ids: Sequence[str]) -> Sequence[Array]:
        if kind == "image":
            return list(of_images(items))  # type: ignore[misc]
        states, mask = of_texts(items)  # type: ignore[misc]
        return [row[np.asarray(real, dtype=bool)] for row, real in zip(states, mask, strict=True)]

    return make


def _stacked(items: Sequence[Array]) -> Array:
    """Features as one array; sets get rows of zeros behind them up to the largest."""
    if items[0].ndim == 1:
        return np.stack(items).astype(np.float32)
    longest = max(1, *map(len, items))
    made = np.zeros((len(items), longest, items[0].shape[-1]), dtype=np.float32)
    for row, item in zip(made, items, strict=True):
        row[: len(item)] = item
    return made
