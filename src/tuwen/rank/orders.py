"""Orders made of orders: fusion, grouping, diversity."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Literal, TypeVar, get_args

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError, unknown

Key = TypeVar("Key", bound=Hashable)
Normalise = Literal["none", "range", "spread"]


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


def weighted(
    scores: Sequence[Array], weights: Sequence[float] | None = None, normalise: Normalise = "range"
) -> Array:
    """Fuse scores of the same items: the weighted sum of what each source says, (n,) float32.

    Args:
        scores: One array (n,) a source; NaN where a source does not know the item, which then counts as
            that source's lowest.
        weights: One a source; all 1 when None.
        normalise: `none` takes scores as they are, `range` maps each source to [0, 1], `spread` takes
            away its mean and divides by its standard deviation.

    Raises:
        InputError: Sources differ in length, or there is not one weight a source.
        UnknownName: No such way to normalise.
    """
    shares = [1.0] * len(scores) if weights is None else list(weights)
    if len(shares) != len(scores) or not scores:
        raise InputError(f"there are {len(scores)} sources but {len(shares)} weights; give one a source")
    lengths = {len(source) for source in scores}
    if len(lengths) > 1:
        raise InputError(f"sources have {sorted(lengths)} scores; each must score the same items")
    if normalise not in get_args(Normalise):
        raise unknown("way to normalise", normalise, get_args(Normalise))
    total = np.zeros(lengths.pop(), dtype=np.float32)
    for source, share in zip(scores, shares, strict=True):
        total += np.float32(share) * _normalised(np.asarray(source, dtype=np.float32), normalise)
    return total


def _normalised(scores: Array, normalise: Normalise) -> Array:
    known = scores[~np.isnan(scores)]
    if not len(known):
        return np.zeros_like(scores)
    scores = np.where(np.isnan(scores), known.min(), scores)
    if normalise == "none":
        return scores
    shift, scale = (known.min(), np.ptp(known)) if normalise == "range" else (known.mean(), known.std())
    # a source that says the same of every item says nothing
    return (scores - shift) / scale if scale > 0 else np.zeros_like(scores)


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

    Raises:
        InputError: `trade_off` is not from 0 to 1.
    """
    if not 0 <= trade_off <= 1:
        raise InputError(f"diversity is {trade_off}; it goes from 0, score alone, to 1, difference alone")
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
