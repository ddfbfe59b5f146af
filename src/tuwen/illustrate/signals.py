"""The rankings of a library for one question."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.illustrate.base import Library, Signal

NEAREST = 20  # items of one side whose other sides say what is looked for
ENOUGH = 200  # items whose mean says what all have in common


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One question in all spaces that know it.

    Attributes:
        kind: What is looked for: `image` for a headline, `text` for a picture alone.
        vectors: Unit rows (d,) by space: `text`, `image`, `cross`, `own`.
        triples: (n,) how alike the headline and each text are by their triples, NaN where an item has no
            text; None when not asked for.
        hidden: Item that is neither an answer nor a help; -1 for none.
        hidden_text: Item whose text is taken for absent, its picture stays; -1 for none.
    """

    kind: Modality
    vectors: dict[str, Array] = field(default_factory=dict)
    triples: Array | None = None
    hidden: int = -1
    hidden_text: int = -1


def rankings(library: Library, asked: Asked, candidates: Array) -> list[Signal]:
    """What each space says of the items that may be an answer.

    Args:
        library: With vectors.
        asked: The question.
        candidates: (n,) bool.

    Returns:
        Those rankings that there are; items that are no candidates have no score.
    """
    scores: dict[str, Array] = {}
    for name in ("text", "image"):
        if name in asked.vectors:
            scores[name] = _cosines(library, name, asked.vectors[name], asked)
    if asked.triples is not None:
        scores["triples"] = _without(asked.triples.astype(np.float32), asked, text=True)
    near, far = ("text", "image") if asked.kind == "image" else ("image", "text")
    if near in scores and far in library.vectors and far not in asked.vectors:
        scores["through"] = through(library, far, scores[near], asked)
    for name in ("cross", "own"):
        if name in asked.vectors and f"{name}-{asked.kind}" in library.vectors:
            vector = asked.vectors[name]
            if name == "cross" and vector.any():
                vector = vector - _common(library, f"cross-{near}")
            scores[name] = _cosines(library, f"{name}-{asked.kind}", vector, asked)
    made = [Signal(name, np.where(candidates, values, np.nan)) for name, values in scores.items()]
    return [signal for signal in made if not np.isnan(signal.scores).all()]


def _common(library: Library, space: str) -> Array:
    """What all questions have in common, (d,): items that are near to it would be near to every question.

    Zeros in a library that is too small to tell.
    """
    vectors = library.vectors.get(space)
    known = 0 if vectors is None else int(vectors.any(axis=1).sum())
    if vectors is None or known < ENOUGH:
        return np.zeros(1, dtype=np.float32)
    return np.asarray(vectors.sum(axis=0) / known)


def _cosines(library: Library, space: str, vector: Array, asked: Asked) -> Array:
    """Cosines with all items, (n,); NaN where an item or the question has no vector in the space."""
    vectors = library.vectors[space]
    if not vector.any():
        return np.full(len(vectors), np.nan, dtype=np.float32)
    scores = np.where(vectors.any(axis=1), vectors @ vector, np.nan).astype(np.float32)
    return _without(scores, asked, text=space.endswith("text"))


def _without(scores: Array, asked: Asked, *, text: bool) -> Array:
    """The scores without what the question hides."""
    made = np.array(scores, dtype=np.float32)
    for row in (asked.hidden, asked.hidden_text if text else -1):
        if row >= 0:
            made[row] = np.nan
    return made


def through(library: Library, space: str, first: Array, asked: Asked) -> Array:
    """How like each item is, on the other side, to the items that are nearest on this one, (n,).

    Each of these counts by the cube of its score. In a library of some size it counts by what sets it apart
    from the mean of all: vectors of a network have so much in common that all items would be alike. There an
    item counts for all others but not for itself, as its own score already says how near it is; in a small
    library, too few others are near.

    Args:
        library: With vectors.
        space: Of the other side, `image` or `text`.
        first: (n,) scores on this side; NaN where there is none.
        asked: The question.
    """
    vectors = library.vectors[space]
    has = vectors.any(axis=1)
    usable = np.flatnonzero(~np.isnan(first) & has & (first > 0))
    if not len(usable):
        return np.full(len(vectors), np.nan, dtype=np.float32)
    nearest = usable[np.argsort(-first[usable], kind="stable")[:NEAREST]]
    weights = first[nearest] ** 3
    large = has.sum() >= ENOUGH
    apart = vectors[nearest] - vectors.sum(axis=0) / has.sum() if large else vectors[nearest]
    total = weights @ apart
    scores = vectors @ (total / max(float(np.linalg.norm(total)), 1e-12))
    if large:  # the nearest themselves: the same without their own share
        others = total - weights[:, None] * apart
        norms = np.linalg.norm(others, axis=1)
        scores[nearest] = np.einsum("nd,nd->n", others, vectors[nearest]) / np.maximum(norms, 1e-12)
    return _without(np.where(has, scores, np.nan), asked, text=space == "text")
