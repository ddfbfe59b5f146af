"""Vectors of the items of a source, without a collection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from tuwen import pictures
from tuwen.arrays import Array, Modality
from tuwen.data import Source
from tuwen.encoders import Encoder
from tuwen.errors import Damaged, InputError, PictureError, TextError
from tuwen.files import read_arrays, write_arrays
from tuwen.records import Picture, Record, Refusal

Progress = Callable[[int, int | None], None]


@dataclass(slots=True)
class Features:
    """Ids and vectors of one modality, and what could not be encoded.

    Attributes:
        kind: `image` or `text`.
        ids: (n,) unique.
        vectors: (n, width) float32 unit rows.
        refusals: What was left out, and why.
    """

    kind: Modality
    ids: list[str]
    vectors: Array
    refusals: list[Refusal] = field(default_factory=list)


def encode_source(
    source: Source,
    encoder: Encoder,
    kind: Modality,
    progress: Progress | None = None,
    *,
    unit: bool = True,
) -> Features:
    """Encode the pictures or the texts of a source; what cannot be encoded is listed, the rest goes on.

    An item without an id is named by its file, else by its number from 1. A picture that several rows
    name is encoded once.

    Args:
        source: What to read.
        encoder: What encodes.
        kind: Which side of the source's records.
        progress: Called with the number of items done and the number of records, when that is known.
        unit: Scale rows to length one; False keeps them as the encoder makes them.

    Raises:
        InputError: An id stands twice.
    """
    found = Features(kind, [], np.empty((0, encoder.width), dtype=np.float32))
    seen: set[str] = set()
    parts: list[Array] = []
    items = _items(source, kind, found.refusals)
    total = source.count_hint if progress is not None else None
    with ThreadPoolExecutor() as threads:
        while batch := list(islice(items, encoder.batch_size)):
            if kind == "text":
                names, vectors = _encode_texts(batch, encoder, found.refusals, unit)
            else:
                names, vectors = _encode_pictures(batch, encoder, threads, found.refusals, unit)
            for name in names:
                if name in seen:
                    raise InputError(f"{source.path}: id {name!r} stands twice; ids must be unique")
                seen.add(name)
            found.ids += names
            parts.append(vectors)
            if progress is not None:
                progress(len(found.ids), max(total, len(found.ids)) if total is not None else None)
    if parts:
        found.vectors = np.concatenate(parts)
    return found


def write_features(path: Path, parts: list[Features], encoder: Encoder) -> None:
    """Write .npz with `image_ids`, `image_vectors`, the same for texts, `encoder` and `fingerprint`."""
    arrays: dict[str, Array] = {
        "encoder": np.array(encoder.name),
        "fingerprint": np.array(encoder.fingerprint),
    }
    for part in parts:
        arrays[f"{part.kind}_ids"] = np.array(part.ids, dtype=np.str_)
        arrays[f"{part.kind}_vectors"] = part.vectors
    write_arrays(path, arrays)


def read_features(path: Path, kind: Modality, fingerprint: str = "") -> Features:
    """Read one side of a file that `write_features` wrote.

    Args:
        path: The file.
        kind: Which side.
        fingerprint: Of the encoder the vectors should come from; empty for any.

    Raises:
        Damaged: It is no .npz of plain arrays, or ids and vectors do not align.
        InputError: It has no such side, or its vectors are of another encoder.
    """
    arrays = read_arrays(path)
    if f"{kind}_vectors" not in arrays or f"{kind}_ids" not in arrays:
        raise InputError(f"{path} has no {kind}s; it has {', '.join(sorted(arrays))}")
    stored = str(arrays.get("fingerprint", np.array("")))
    if fingerprint and stored and stored != fingerprint:
        name = str(arrays.get("encoder", np.array("another encoder")))
        raise InputError(
            f"{path} holds vectors of {name} ({stored[:12]}), not of {fingerprint[:12]}; encode again"
        )
    ids, vectors = [str(name) for name in arrays[f"{kind}_ids"]], arrays[f"{kind}_vectors"]
    if len(ids) != len(vectors):
        raise Damaged(f"{path} has {len(ids)} {kind} ids but {len(vectors)} vectors; encode again")
    return Features(kind, ids, vectors)


def _items(source: Source, kind: Modality, refusals: list[Refusal]) -> Iterator[tuple[str, str | Picture]]:
    number = 0
    named: dict[str, str] = {}
    for record in source.records():
        if not isinstance(record, Record):
            refusals.append(record)
            continue
        items = record.images if kind == "image" else record.texts
        for item in items:
            number += 1
            if isinstance(item, Picture):
                name = item.id or (item.file.stem if item.file else str(number))
                if named.get(name) != item.path:
                    named[name] = item.path
                    yield name, item
            else:
                yield item.id or str(number), item.text


def _encode_texts(
    batch: list[tuple[str, str | Picture]], encoder: Encoder, refusals: list[Refusal], unit: bool
) -> tuple[list[str], Array]:
    names, texts = [name for name, _ in batch], [str(item) for _, item in batch]
    try:
        return names, encoder.encode_texts(texts, ids=names, unit=unit)
    except TextError as error:
        if len(batch) == 1:
            refusals.append(Refusal(item=names[0], code=error.code, reason=str(error)))
            return [], np.empty((0, encoder.width), dtype=np.float32)
    # one of them spoils the batch: each by itself
    apart = [_encode_texts([one], encoder, refusals, unit) for one in batch]
    return [name for names, _ in apart for name in names], np.concatenate([rows for _, rows in apart])


def _encode_pictures(
    batch: list[tuple[str, str | Picture]],
    encoder: Encoder,
    threads: ThreadPoolExecutor,
    refusals: list[Refusal],
    unit: bool,
) -> tuple[list[str], Array]:
    def prepare(named: tuple[str, str | Picture]) -> Array | Refusal:
        picture = named[1]
        assert isinstance(picture, Picture)
        try:
            if encoder.by_id:
                return encoder.prepare(picture)
            if picture.data is not None:
                return encoder.prepare(
                    pictures.load_bytes(picture.data, picture.path, size=encoder.image_size)
                )
            return encoder.prepare(Path(picture.path))
        except PictureError as error:
            return Refusal(item=picture.path, code=error.code, reason=str(error))

    names, prepared = [], []
    for (name, _), pixels in zip(batch, threads.map(prepare, batch), strict=True):
        if isinstance(pixels, Refusal):
            refusals.append(pixels)
        else:
            names.append(name)
            prepared.append(pixels)
    if not prepared:
        return names, np.empty((0, encoder.width), dtype=np.float32)
    return names, encoder.encode_prepared(np.stack(prepared), unit=unit)
