"""Questions and answers from a user's file: a table that names the answers, or pairs that imply them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tuwen import encoders, own_pairs
from tuwen.arrays import MODALITIES, Array, Modality
from tuwen.data import open_source
from tuwen.data.table import TableSource
from tuwen.encoders import Encoder
from tuwen.errors import InputError
from tuwen.features import Features, encode_source
from tuwen.fusion.triples import Triples, given, of_pairs
from tuwen.own_pairs import Progress
from tuwen.records import Refusal

DEFAULT = "mini"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a file holds.

    Attributes:
        triples: Encoded.
        encoder: Name of the encoder; empty where it is unknown.
        fingerprint: Of it.
        refusals: What was left out, and why.
        notes: What else the user should know.
    """

    triples: Triples
    encoder: str
    fingerprint: str
    refusals: tuple[Refusal, ...]
    notes: tuple[str, ...]


def read(
    spec: str,
    kind: Modality,
    *,
    encoder: str | Encoder | None,
    target: str | None,
    labels: str | None,
    progress: Progress,
    columns: dict[str, Any],
) -> Found:
    """Read and encode; the arguments are those of `learning.learn`.

    Raises:
        InputError: There is nothing to learn from; says why and what to do.
    """
    if target is not None:
        opened = encoder if isinstance(encoder, Encoder) else encoders.load(encoder or DEFAULT)
        return _of_table(Path(spec).expanduser(), opened, kind, target, progress, columns)
    made = Path(spec).suffix.lower() == ".npz"  # features, which need no encoder
    sides_by = None if made else encoder
    pairs = own_pairs.read(
        spec, image_encoder=sides_by, text_encoder=sides_by, labels=labels, progress=progress, **columns
    )
    sides = {(side.name, side.fingerprint) for side in pairs.sides.values()}
    if len(sides) > 1:
        names = " and ".join(sorted(name for name, _ in sides))
        raise InputError(f"{spec} has vectors of {names}; a fusion needs one space: one encoder of both")
    name, fingerprint = next(iter(sides), ("", ""))
    if made and encoder is not None:
        space = encoder if isinstance(encoder, Encoder) else encoders.load(encoder)
        if fingerprint and fingerprint != space.fingerprint:
            raise InputError(f"{spec} holds vectors of {name}, not of {space.name}; encode again with that")
        name, fingerprint = space.name, space.fingerprint
    return Found(
        triples=of_pairs(pairs.pairs, kind),
        encoder=name,
        fingerprint=fingerprint,
        refusals=tuple(pairs.refusals),
        notes=tuple(pairs.notes),
    )


def _of_table(
    path: Path, encoder: Encoder, kind: Modality, target: str, progress: Progress, columns: dict[str, Any]
) -> Found:
    """Rows with a picture, words and an answer."""
    asked = _columns(path, kind, target, columns)
    source = open_source(path, **columns | {f"{side}_column": names for side, names in asked.items()})
    encoder.check_ready()
    parts: dict[Modality, Features] = {}
    for side in MODALITIES:

        def follow(done: int, total: int | None, step: str = f"encoding {side}s") -> None:
            progress(step, done, total)

        parts[side] = encode_source(source, encoder, side, follow)
    rows = {side: _rows(part) for side, part in parts.items()}
    every = sorted(rows["image"].keys() | rows["text"].keys())
    whole = [
        [*rows["image"].get(record, ()), *rows["text"].get(record, ())]
        for record in every
        if all(len(rows[side].get(record, ())) == len(names) for side, names in asked.items())
    ]
    whole = [row for row in whole if min(row) >= 0]
    if not whole:
        raise InputError(
            f"{path} has no row with a picture, words and {target} that {encoder.name} can encode"
        )
    order = [0, 2, 1] if kind == "image" else [0, 1, 2]  # answers stand behind what asks
    image, text, answer = np.array(whole, dtype=np.int64).T[order]
    items = np.unique(answer)
    lost = len(every) - len(whole)
    return Found(
        triples=given(
            parts["image"].vectors[image],
            parts["text"].vectors[text],
            parts[kind].vectors[items],
            _places(items, answer),
        ),
        encoder=encoder.name,
        fingerprint=encoder.fingerprint,
        refusals=tuple(dict.fromkeys(one for part in parts.values() for one in part.refusals)),
        notes=(f"{lost:,} rows without all three left out",) if lost else (),
    )


def _columns(path: Path, kind: Modality, target: str, columns: dict[str, Any]) -> dict[Modality, list[str]]:
    """The columns of each side: one that asks, and behind it that of answers where they are of this side."""
    told = TableSource(path, **columns).columns
    asked: dict[Modality, list[str]] = {}
    for side, names in (("image", told.image), ("text", told.text)):
        asking = [name for name in names if name != target]
        if not asking:
            raise InputError(f"{path} has no column of {side}s that ask; name it: --{side}-column NAME")
        asked["image" if side == "image" else "text"] = asking[:1]
    asked[kind].append(target)
    return asked


def _rows(part: Features) -> dict[int, list[int]]:
    """By number of a record the rows of its items, -1 for one without a vector."""
    said = np.asarray(part.vectors.any(axis=1))
    place = {name: row for row, name in enumerate(part.ids) if said[row]}
    found: dict[int, list[int]] = {}
    for record, name in part.links:
        found.setdefault(record, []).append(place.get(name, -1))
    return found


def _places(items: Array, answer: Array) -> Array:
    return np.asarray(np.searchsorted(items, answer), dtype=np.int64)
