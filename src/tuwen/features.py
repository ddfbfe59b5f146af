"""Vectors of the items of a source, without a collection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.data import Source
from tuwen.encoders import Encoder
from tuwen.encoders.fitted import Fitted
from tuwen.errors import Damaged, InputError, PictureError, TextError
from tuwen.files import read_arrays, write_arrays
from tuwen.records import Picture, Record, Refusal

Progress = Callable[[int, int | None], None]
#: Batches of texts that are sorted by length together; more would make progress jump.
TEXT_BATCHES = 4


@dataclass(slots=True)
class Features:
    """Ids and vectors of one modality, and what could not be encoded.

    Attributes:
        kind: `image` or `text`.
        ids: (n,) unique.
        vectors: (n, width) float32, unit rows unless raw ones were asked for.
        refusals: What was left out, and why.
        cut: Texts that were longer than the encoder reads; only their beginning counts.
        links: Number of a record, from 0, and the id of an item that it names; an item may be named by
            several, and may have been left out.
    """

    kind: Modality
    ids: list[str]
    vectors: Array
    refusals: list[Refusal] = field(default_factory=list)
    cut: int = 0
    links: list[tuple[int, str]] = field(default_factory=list)


class _Rows:
    """Rows that become one array (n, width) without being held twice."""

    def __init__(self, width: int) -> None:
        self._rows = np.empty((0, width), dtype=np.float32)
        self._count = 0

    def add(self, rows: Array) -> None:
        end = self._count + len(rows)
        if end > len(self._rows):
            # large blocks are moved by the system, not copied
            self._rows.resize((end + max(1024, end // 16), self._rows.shape[1]), refcheck=False)
        self._rows[self._count : end] = rows
        self._count = end

    def done(self) -> Array:
        self._rows.resize((self._count, self._rows.shape[1]), refcheck=False)
        return self._rows


def encode_source(
    source: Source,
    encoder: Encoder,
    kind: Modality,
    progress: Progress | None = None,
    *,
    unit: bool = True,
) -> Features:
    """Encode the pictures or the texts of a source; what cannot be encoded is listed, the rest goes on.

    A picture without an id is named as a collection names it, a text by its number from 1. A picture
    that several rows name is encoded once. Beside the vectors, memory holds a few batches, however large
    the source is.

    Args:
        source: What to read.
        encoder: What encodes.
        kind: Which side of the source's records.
        progress: Called with the number of items done and the number of records, when that is known.
        unit: Scale vectors to length one; False gives them as the encoder computes them.

    Raises:
        InputError: An id stands twice.
    """
    found = Features(kind, [], np.empty((0, encoder.width), dtype=np.float32))
    seen: set[str] = set()
    rows = _Rows(encoder.width)
    cut = encoder.cut
    total = source.count_hint if progress is not None else None
    batches = (_picture_batches if kind == "image" else _text_batches)(source, encoder, found, unit)
    for names, vectors in batches:
        for name in names:
            if name in seen:
                raise InputError(f"{source.path}: id {name!r} stands twice; ids must be unique")
            seen.add(name)
        found.ids += names
        rows.add(vectors)
        if progress is not None:
            progress(len(found.ids), max(total, len(found.ids)) if total is not None else None)
    found.vectors = rows.done()
    found.cut = encoder.cut - cut
    return found


def fit_encoder(source: Source, encoder: Fitted) -> int:
    """Let an encoder learn from the items of its modality in a source; from how many it did.

    A picture that several rows name counts once, a text as often as it stands there.

    Raises:
        InputError: There are none, or they are too few.
    """
    items = [item for _, item in items_of(source, Features(encoder.modality, [], np.empty((0, 0))))]
    if not items:
        raise InputError(f"{source.path} has no {encoder.modality}s, which {encoder.name} learns from")
    encoder.fit(items)
    return len(items) - len(getattr(encoder, "refusals", ()))


def write_features(path: Path, parts: list[Features], encoder: Encoder) -> None:
    """Write .npz with `image_ids`, `image_vectors`, the same for texts, `encoder` and `fingerprint`.

    With both sides, `image_of_text` has the id of each text's picture, the first where it has several, or
    an empty one.
    """
    arrays: dict[str, Array] = {
        "encoder": np.array(encoder.name),
        "fingerprint": np.array(encoder.fingerprint),
    }
    for part in parts:
        arrays[f"{part.kind}_ids"] = np.array(part.ids, dtype=np.str_)
        arrays[f"{part.kind}_vectors"] = part.vectors
    by_kind = {part.kind: part for part in parts}
    if len(by_kind) == 2 and all(part.links for part in parts):
        images, texts = by_kind["image"], by_kind["text"]
        first: dict[int, int] = {}
        for text, image in reversed(pairing(images, texts)):
            first[text] = image
        names = [images.ids[first[row]] if row in first else "" for row in range(len(texts.ids))]
        arrays["image_of_text"] = np.array(names, dtype=np.str_)
    write_arrays(path, arrays)


def pairing(images: Features, texts: Features) -> list[tuple[int, int]]:
    """Rows of texts and of images that one record names, in the order of the texts."""
    rows = {name: row for row, name in enumerate(images.ids)}
    of_record: dict[int, list[int]] = {}
    for record, name in images.links:
        if name in rows:
            of_record.setdefault(record, []).append(rows[name])
    places = {name: row for row, name in enumerate(texts.ids)}
    found = [
        (places[name], image)
        for record, name in texts.links
        if name in places
        for image in of_record.get(record, ())
    ]
    return sorted(set(found))


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


def _picture_batches(
    source: Source, encoder: Encoder, found: Features, unit: bool
) -> Iterator[tuple[list[str], Array]]:
    """Ids and vectors of the pictures that can be encoded, a batch at a time, prepared ahead in threads."""
    named = (replace(item, id=name) for name, item in items_of(source, found) if isinstance(item, Picture))
    made = encoder.prepare_ahead(named)
    while batch := list(islice(made, encoder.batch_size)):
        names, prepared = [], []
        for picture, pixels in batch:
            if not isinstance(picture, Picture):
                continue
            if isinstance(pixels, PictureError):
                found.refusals.append(Refusal(item=picture.path, code=pixels.code, reason=str(pixels)))
            else:
                names.append(str(picture.id))
                prepared.append(pixels)
        if prepared:
            yield names, encoder.encode_prepared(np.stack(prepared), unit=unit)


def _text_batches(
    source: Source, encoder: Encoder, found: Features, unit: bool
) -> Iterator[tuple[list[str], Array]]:
    """Ids and vectors of the texts, many at a time, so that texts of like length are encoded together."""
    items = items_of(source, found)
    while many := list(islice(items, TEXT_BATCHES * encoder.batch_size)):
        yield _encode_texts([(name, str(text)) for name, text in many], encoder, found.refusals, unit)


def items_of(source: Source, found: Features) -> Iterator[tuple[str, str | Picture]]:
    """Each item of a side with its id; what is refused and which record names what goes to `found`."""
    count = number = 0
    taken: dict[str, str] = {}  # id and path of each picture so far
    paths: dict[str, str] = {}  # path and id of each
    numbers: dict[str, int] = {}
    for record in source.records():
        if not isinstance(record, Record):
            found.refusals.append(record)
            continue
        items = record.images if found.kind == "image" else record.texts
        for item in items:
            count += 1
            if not isinstance(item, Picture):
                name = item.id or str(count)
                found.links.append((number, name))
                yield name, item.text
                continue
            if taken.get(item.id or "") == item.path or (item.id is None and item.path in paths):
                # rows may name the same picture again
                found.links.append((number, item.id or paths[item.path]))
                continue
            name = item.id or str(count)
            if item.id is None and item.file is not None:
                name = item.file.stem
                if name in taken:
                    from tuwen.ingest.naming import image_id  # loads all that stores

                    name = image_id(item.path, record.source, taken, numbers)
            taken.setdefault(name, item.path)
            paths.setdefault(item.path, name)
            found.links.append((number, name))
            yield name, item
        number += 1


def _encode_texts(
    named: list[tuple[str, str]], encoder: Encoder, refusals: list[Refusal], unit: bool
) -> tuple[list[str], Array]:
    names = [name for name, _ in named]
    try:
        return names, encoder.encode_texts([text for _, text in named], ids=names, unit=unit)
    except TextError as error:
        if len(named) == 1:
            refusals.append(Refusal(item=names[0], code=error.code, reason=str(error)))
            return [], np.empty((0, encoder.width), dtype=np.float32)
    # one of them spoils the rest: it is looked for by halves
    middle = len(named) // 2
    halves = [_encode_texts(half, encoder, refusals, unit) for half in (named[:middle], named[middle:])]
    return halves[0][0] + halves[1][0], np.concatenate([rows for _, rows in halves])
