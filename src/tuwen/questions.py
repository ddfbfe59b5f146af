"""A question as one unit vector: words, a picture, a vector, or several of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from PIL import Image

from tuwen import fusion
from tuwen.arrays import Array, check_matrix, unit_rows
from tuwen.errors import InputError
from tuwen.query import Part, Query, combine, parse_query

if TYPE_CHECKING:
    from tuwen.collection import Collection

Question: TypeAlias = str | Path | Image.Image | Query | Array


def to_query(question: Question) -> Query:
    """A question as weighted parts: words, a picture, a vector or all of them.

    A string is always words; pass a `Path` for a picture.
    """
    if isinstance(question, Query):
        return question
    if isinstance(question, str):
        return parse_query(question)
    if isinstance(question, Path | Image.Image):
        return Query(parts=(Part(image=question),))
    return Query(parts=(Part(vector=np.asarray(question)),))


def encode_query(collection: Collection, query: Query) -> Array:
    """The unit vector of a query, (width,)."""
    return combine(_vectors(collection, query), [part.weight for part in query.parts])


def encode_fused(collection: Collection, query: Query, spec: str | Path | fusion.Fusion) -> Array:
    """The unit vector of a query, (width,), whose wanted pictures and words a fusion joins.

    Raises:
        InputError: There is no picture, or there are no words, or the fusion is of another space.
    """
    fused = fusion.opened(spec)
    fused.check(collection.path, collection.store.identity.fingerprint, collection.width)
    wanted = {
        kind: [
            row for row, part in enumerate(query.parts) if part.weight > 0 and getattr(part, kind) is not None
        ]
        for kind in ("image", "text")
    }
    if not all(wanted.values()) or any(part.vector is not None for part in query.parts):
        raise InputError(f"a fusion joins pictures with words; the query {str(query)!r} is not both")
    vectors, weights = _vectors(collection, query), [part.weight for part in query.parts]

    def of(rows: list[int]) -> tuple[Array, list[float]]:
        return vectors[rows], [weights[row] for row in rows]

    u, v = (combine(*of(rows))[None] for rows in wanted.values())
    others, shares = of([row for row, weight in enumerate(weights) if weight < 0])
    return combine(np.concatenate([fused.transform(u, v), others]), [1.0, *shares])


def _vectors(collection: Collection, query: Query) -> Array:
    """The unit vectors of the parts of a query, (parts, width)."""
    if not query.parts:
        raise InputError("the query is empty; give some words, a picture or both")
    vectors = []
    for part in query.parts:
        if part.text is not None:
            vector = collection.encoder.encode_texts([part.text])[0]
            if not vector.any():
                raise InputError(
                    f"{part.text!r} says nothing to the encoder {collection.encoder.name}: "
                    "it knows none of the words; ask with others"
                )
        elif part.image is not None:
            vector = collection.encoder.encode_images([part.image])[0]
        else:
            vector = _query_vector(part.vector)
        if vector.shape != (collection.width,):
            raise InputError(
                f"the query vector has {vector.shape[-1]} values; the collection's have {collection.width}"
            )
        vectors.append(vector)
    return np.stack(vectors)


def _query_vector(values: Any) -> Array:
    vector = check_matrix("the query vector", np.reshape(values, (1, -1)))[0]
    if vector.size and not vector.any():
        raise InputError("the query vector is all zeros; it has no direction to compare")
    return unit_rows(vector)
