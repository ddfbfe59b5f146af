"""Orders made of orders: fusion, grouping, diversity."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError

Key = TypeVar("Key", bound=Hashable)


def reciprocal_rank(
    rankings: Sequence[Sequence[Key]], k: int = 60, weights: Sequence[float] | None = None
) -> list[tuple[Key, float]]:
    """Fuse rankings: an item scores Σ wᵢ / (k + rankᵢ) over the rankings that hold it.

    An item that a ranking lacks loses nothing but that ranking's share. Equal scores keep the order of
    the first ranking that holds them. (Cormack, Clarke & Buettcher, SIGIR 2009.)

    Args:
        rankings: Keys, best first.
        k: Larger makes the first places less special.
        weights: One a ranking; all 1 when None.

    Returns:
        Keys with their scores, best first.
    """
    shares = [1.0] * len(rankings) if weights is None else list(weights)
    if len(shares) != len(rankings):
        raise InputError(f"there are {len(rankings)} rankings but {len(shares)} weights; give one a ranking")
    scores: dict[Key, float] = {}
    for ranking, share in zip(rankings, shares, strict=True):
        for place, key in enumerate(ranking):
            scores[key] = scores.get(key, 0.0) + share / (k + place + 1)
    return sorted(scores.items(), key=lambda item: -item[1])


def group(names: Sequence[Hashable], per_group: int = 1) -> Array:
    """Places of the first `per_group` of each name, in order, (m,) int64."""
    seen: dict[Hashable, int] = {}
    kept = []
    for place, name in enumerate(names):
        seen[name] = seen.get(name, 0) + 1
        if seen[name] <= per_group:
            kept.append(place)
    return np.array(kept, dtype=np.int64)


def diverse(scores: Array, vectors: Array, k: int, trade_off: float) -> Array:
    """Places of k hits that are good and unlike each other, (min(k, n),) int64.

    Each next one maximises (1 - t) · score - t · (cosine with the most similar chosen one): maximal
    marginal relevance (Carbonell & Goldstein, SIGIR 1998).

    Args:
        scores: (n,) cosines with the query.
        vectors: (n, d) unit rows of the hits.
        k: How many to choose.
        trade_off: t, 0 for score alone, 1 for difference alone.
    """
    chosen: list[int] = []
    nearest = np.zeros(len(scores), dtype=np.float32)
    free = np.ones(len(scores), dtype=bool)
    for _ in range(min(k, len(scores))):
        values = np.where(free, (1 - trade_off) * scores - trade_off * nearest, -np.inf)
        best = int(np.argmax(values))
        similar = vectors @ vectors[best]
        nearest = similar if not chosen else np.maximum(nearest, similar)
        chosen.append(best)
        free[best] = False
    return np.array(chosen, dtype=np.int64)
