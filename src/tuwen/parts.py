"""Features of the parts of items: patches of pictures, words of texts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.data import Source
from tuwen.encoders import Encoder
from tuwen.errors import InputError, PictureError, TextError
from tuwen.features import Features, Progress, items_of
from tuwen.records import Picture, Refusal

_LARGEST = float(np.finfo(np.float16).max)
_HOW = {"image": "patch_tokens", "text": "token_states"}
Encode = Callable[[list[Any]], Array]


def kinds_of_parts(encoder: Encoder) -> list[Modality]:
    """Of which items an encoder gives parts: of pictures, texts, both or none."""
    return [kind for kind in sorted(encoder.modalities) if hasattr(encoder, _HOW[kind])]


def encode_parts(
    source: Source, encoder: Encoder, kind: Modality, progress: Progress | None = None
) -> Features:
    """Encode the parts of the pictures or of the texts of a source; what cannot be encoded is listed.

    Ids, refusals and links are those of `features.encode_source`; `vectors` is (n, parts, d) float16, not
    of unit length, where the rows of an item that has fewer parts than others end in zeros.

    Args:
        source: What to read.
        encoder: What encodes; it must know parts (`kinds_of_parts`).
        kind: Which side of the source's records.
        progress: Called with the number of items done and the number of records, when that is known.

    Raises:
        InputError: The encoder knows no parts of such items, or an id stands twice.
    """
    encode = _parts_by(encoder, kind)
    found = Features(kind, [], np.empty((0, 0, 0), dtype=np.float16))
    blocks: list[Array] = []
    seen: set[str] = set()
    total = source.count_hint if progress is not None else None
    items = items_of(source, found)
    while many := list(islice(items, encoder.batch_size)):
        names, rows = _encoded(many, encode, found.refusals)
        for name in names:
            if name in seen:
                raise InputError(f"{source.path}: id {name!r} stands twice; ids must be unique")
            seen.add(name)
        found.ids += names
        blocks += [rows] if len(rows) else []
        if progress is not None:
            progress(len(found.ids), max(total, len(found.ids)) if total is not None else None)
    found.vectors = _joined(blocks)
    return found


def text_parts(texts: list[str], encoder: Encoder) -> Array:
    """The words of texts as an encoder gives them, (n, words, d) float16; shorter texts end in zeros.

    Raises:
        InputError: The encoder knows no words.
    """
    encode, size = _parts_by(encoder, "text"), max(1, encoder.batch_size)
    return _joined([encode(texts[start : start + size]) for start in range(0, len(texts), size)])


def picture_parts(image: Any, encoder: Encoder) -> Array:
    """The patches of one picture as an encoder gives them, (parts, d) float16.

    Raises:
        InputError: The encoder knows no patches.
        PictureError: The picture cannot be decoded.
    """
    return np.asarray(_parts_by(encoder, "image")([image])[0])


def _parts_by(encoder: Encoder, kind: Modality) -> Encode:
    """What gives parts of a list of pictures or texts, (n, parts, d) float16."""
    encode = getattr(encoder, _HOW[kind], None)
    if encode is None or kind not in encoder.modalities:
        raise InputError(
            f"{encoder.name} gives no parts of {kind}s; a ViT, a ResNet, CLIP or graph:FILE gives patches of "
            "pictures, CLIP, a language model or word2vec gives words of texts"
        )
    if kind == "image":
        return lambda images: _half(encode(images))

    def states(texts: list[Any]) -> Array:
        values, mask = encode([str(text) for text in texts])
        return _half(values * mask[..., None])

    return states


def _half(values: Array) -> Array:
    return np.clip(values, -_LARGEST, _LARGEST).astype(np.float16)


def _encoded(
    named: list[tuple[str, Any]], encode: Encode, refusals: list[Refusal]
) -> tuple[list[str], Array]:
    names = [name for name, _ in named]
    try:
        return names, encode([item for _, item in named])
    except (PictureError, TextError) as error:
        if len(named) == 1:
            (name, item) = named[0]
            where = item.path if isinstance(item, Picture) else name
            refusals.append(Refusal(item=where, code=error.code, reason=str(error)))
            return [], np.empty((0, 0, 0), dtype=np.float16)
    # one of them spoils the rest: it is looked for by halves
    middle = len(named) // 2
    halves = [_encoded(half, encode, refusals) for half in (named[:middle], named[middle:])]
    return halves[0][0] + halves[1][0], _joined([rows for _, rows in halves if len(rows)])


def _joined(blocks: list[Array]) -> Array:
    """Blocks (n, parts, d) of different numbers of parts as one, with zeros behind the shorter."""
    if not blocks:
        return np.empty((0, 0, 0), dtype=np.float16)
    longest = max(block.shape[1] for block in blocks)
    joined = np.zeros((sum(map(len, blocks)), longest, blocks[0].shape[2]), dtype=np.float16)
    done = 0
    for block in blocks:
        joined[done : done + len(block), : block.shape[1]] = block
        done += len(block)
    return joined
