"""How alike two texts are by their triples: S = α·S1 + β·S2, or by the whole texts (paper 000, eq. 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array, check_matrix, unit_rows
from tuwen.errors import InputError
from tuwen.triples.base import Triple, first_complete

#: Vectors (n, d) of texts: `encoder.encode_texts` of any text encoder.
Encode = Callable[[Sequence[str]], Array]

ENTITIES, RELATION = 0.6, 0.4  # α and β of the paper


@dataclass(frozen=True, eq=False)
class Told:
    """Vectors of texts and of what their triples say; rows are of length one, or zero.

    Attributes:
        texts: (n, d) of the whole texts.
        entities: (n, d) of both entities of a text's triple, one after the other.
        relations: (n, d) of its relation.
        complete: (n,) whether the text has a triple of which nothing is missing, and its vectors say
            something; `entities` and `relations` are zero elsewhere.
    """

    texts: Array
    entities: Array
    relations: Array
    complete: Array

    def __len__(self) -> int:
        return len(self.texts)

    def rows(self, which: Array) -> Told:
        """Some of the texts: row numbers, or (n,) bool."""
        return Told(self.texts[which], self.entities[which], self.relations[which], self.complete[which])


def tell(texts: Sequence[str], triples: Sequence[Sequence[Triple]], encode: Encode) -> Told:
    """Encode texts and the first complete triple of each.

    Args:
        texts: The whole texts.
        triples: (n) those of each text, the most telling first.
        encode: Gives a vector for each of some texts.

    Raises:
        InputError: There are not as many lists of triples as texts, or `encode` gives other rows.
    """
    if len(texts) != len(triples):
        raise InputError(f"there are {len(texts)} texts but triples of {len(triples)}; they must align")
    whole = _encoded(encode, list(texts))
    chosen = [first_complete(found) for found in triples]
    rows = np.array([row for row, triple in enumerate(chosen) if triple is not None], dtype=np.int64)
    entities, relations = np.zeros_like(whole), np.zeros_like(whole)
    complete = np.zeros(len(texts), dtype=bool)
    if len(rows):
        held = [triple for triple in chosen if triple is not None]
        entities[rows] = _encoded(encode, [joined(triple.subject, triple.object) for triple in held])
        relations[rows] = _encoded(encode, [triple.relation for triple in held])
        complete[rows] = entities[rows].any(axis=1) & relations[rows].any(axis=1)
        entities[~complete], relations[~complete] = 0, 0
    return Told(whole, entities, relations, complete)


def similarity(
    queries: Told, items: Told, *, entities: float = ENTITIES, relation: float = RELATION
) -> Array:
    """How alike each query and each item are, (n, m) float32.

    Where both have a complete triple, the cosine of their entities (S1) and that of their relations (S2),
    weighed; elsewhere the cosine of the whole texts.

    Args:
        queries: n texts.
        items: m texts.
        entities: α.
        relation: β.

    Raises:
        InputError: Vectors of the two differ in width, or a weight is below 0.
    """
    if not (entities >= 0 and relation >= 0 and np.isfinite(entities + relation)):
        raise InputError(f"the weights are {entities} and {relation}; they must be numbers from 0 on")
    if not len(queries) or not len(items):
        return np.zeros((len(queries), len(items)), dtype=np.float32)
    if queries.texts.shape[1] != items.texts.shape[1]:
        raise InputError(
            f"queries have vectors of width {queries.texts.shape[1]}, items of {items.texts.shape[1]}; "
            "encode both with one encoder"
        )
    scores = queries.texts @ items.texts.T
    rows, columns = np.flatnonzero(queries.complete), np.flatnonzero(items.complete)
    if len(rows) and len(columns):
        scores[np.ix_(rows, columns)] = entities * (queries.entities[rows] @ items.entities[columns].T) + (
            relation * (queries.relations[rows] @ items.relations[columns].T)
        )
    return np.asarray(scores, dtype=np.float32)


def joined(subject: str, object_: str) -> str:
    """Both entities as one text (e1⊕e2); a blank parts words that have no Chinese to part them."""
    return f"{subject} {object_}"


def _encoded(encode: Encode, texts: list[str]) -> Array:
    if not texts:
        return np.zeros((0, 0), dtype=np.float32)
    vectors = check_matrix("vectors", encode(texts))
    if len(vectors) != len(texts):
        raise InputError(f"the encoder gave {len(vectors)} vectors for {len(texts)} texts")
    return unit_rows(vectors)
