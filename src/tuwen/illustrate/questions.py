"""Questions: checked against a library, and encoded in its spaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tuwen.arrays import MODALITIES, Array, Modality
from tuwen.errors import InputError, unknown
from tuwen.illustrate import spaces
from tuwen.illustrate.base import Library, Query
from tuwen.illustrate.spaces import Spaces
from tuwen.records import Refusal

Encoded = tuple[Query, dict[str, Array]]
"""A question with its vectors (d,) by space."""


def wanted(query: Query) -> Modality:
    """What a question looks for: a headline for pictures, a picture alone for texts."""
    return "image" if query.text else "text"


def check(queries: Sequence[Query], library: Library) -> tuple[list[Query], list[Refusal]]:
    """Questions that can be asked, without blanks around their words, and why others cannot."""
    classes, ids = sorted(set(library.classes) - {""}), set(library.ids)
    checked: list[Query] = []
    refusals: list[Refusal] = []
    seen: set[str] = set()
    for query in queries:
        fault = _fault(query, classes, ids, seen)
        seen.add(query.id)
        if fault is None:
            checked.append(replace(query, text=query.text.strip()))
        else:
            refusals.append(Refusal(item=query.id, code=fault[0], reason=fault[1]))
    return checked, refusals


def encode(queries: Sequence[Query], known: Spaces) -> tuple[list[Encoded], list[Refusal]]:
    """Questions with their vectors, and pictures that cannot be read.

    A headline whose draft picture cannot be read is asked without it.

    Raises:
        InputError: Nothing encodes what was asked.
    """
    _check_encoders(queries, known)
    found: list[dict[str, Array]] = [{} for _ in queries]
    worded = [row for row, query in enumerate(queries) if query.text]
    texts = [queries[row].text for row in worded]
    if texts and known.text is not None:
        _put(found, worded, "text", known.text.encode(texts))
    if texts and known.cross is not None:
        _put(found, worded, "cross", known.cross.encode_texts(texts))
    bad, refusals = _encode_pictures(queries, known, found)
    _add_own(queries, known, found)
    made = [
        (replace(query, picture=None) if row in bad else query, vectors)
        for row, (query, vectors) in enumerate(zip(queries, found, strict=True))
        if query.text or row not in bad
    ]
    return made, refusals


def _check_encoders(queries: Sequence[Query], known: Spaces) -> None:
    if any(query.text for query in queries) and known.text is None and known.cross is None:
        raise InputError(
            "nothing encodes headlines here; name an encoder of texts, which the library must have too, or "
            "one of both texts and pictures"
        )
    alone = any(not query.text for query in queries)
    if alone and known.image is None and known.cross is None:
        raise InputError("nothing encodes pictures here; name an encoder of pictures")


def _fault(query: Query, classes: list[str], ids: set[str], seen: set[str]) -> tuple[str, str] | None:
    """A word and a sentence about why a question cannot be asked."""
    if query.id in seen:
        return "duplicate-id", f"the id {query.id!r} stands twice; the first is answered, rename the other"
    if not query.text.strip() and query.picture is None:
        return "empty", f"{query.id}: the headline is empty; write one, or give a picture"
    if query.label and not classes:
        return "unknown-class", f"{query.id}: the library has no classes, so {query.label!r} says nothing"
    if query.label and query.label not in classes:
        return "unknown-class", f"{query.id}: {unknown('class', query.label, classes)}"
    if query.leave_out and query.leave_out not in ids:
        return "unknown-id", f"{query.id}: the library has no item {query.leave_out!r} to leave out"
    return None


def _encode_pictures(
    queries: Sequence[Query], known: Spaces, found: list[dict[str, Array]]
) -> tuple[set[int], list[Refusal]]:
    """Put the vectors of pictures; rows of pictures that cannot be read, and why."""
    rows = [row for row, query in enumerate(queries) if query.picture is not None]
    paths = [query.picture for query in queries if query.picture is not None]
    bad: set[int] = set()
    refusals: list[Refusal] = []
    for name, encoder in (("image", known.image), ("cross", known.cross)):
        if encoder is None or not paths:
            continue
        vectors, refused = spaces.encode_pictures(encoder, paths)
        bad |= {row for row, vector in zip(rows, vectors, strict=True) if not vector.any()}
        refusals = refused or refusals
        for row, vector in zip(rows, vectors, strict=True):
            # what goes with a headline is asked by the headline itself in the space of both
            if vector.any() and (name == "image" or not queries[row].text):
                found[row][name] = vector
    return bad, refusals


def _add_own(queries: Sequence[Query], known: Spaces, found: list[dict[str, Array]]) -> None:
    """Vectors in the space that the library's own pairs taught."""
    if known.own is None:
        return
    for kind in MODALITIES:
        rows = [
            row
            for row, query in enumerate(queries)
            if kind in found[row] and bool(query.text) == (kind == "text")
        ]
        if rows:
            stacked = np.stack([found[row][kind] for row in rows])
            _put(found, rows, "own", spaces.coded(known.own, stacked, kind))


def _put(found: list[dict[str, Array]], rows: Sequence[int], name: str, vectors: Array) -> None:
    for row, vector in zip(rows, vectors, strict=True):
        found[row][name] = vector
