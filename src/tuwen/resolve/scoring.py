"""Step three: what speaks for and against each candidate pair."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tuwen.arrays import Array
from tuwen.resolve.base import Candidates, Evidence, Side
from tuwen.resolve.blocking import values_of
from tuwen.resolve.comparing import compared, grams, shared_columns

SIMILARITY, ABOVE, WORDS, SECOND = "similarity", "above neighbours", "words", "second stage"
RANKS = ("rank for left", "rank for right")
LEADS = ("lead for left", "lead for right")
_PAIRS = 1 << 14  # pairs whose vectors are multiplied at a time
_NEAREST = 10  # neighbours that a similarity is held against


def score(
    left: Side,
    right: Side | None,
    candidates: Candidates,
    *,
    compare: Sequence[str] | None = None,
    second: Array | None = None,
    progress: Callable[[str, int, int | None], None] = lambda step, done, total: None,
) -> Evidence:
    """Evidence for each candidate pair.

    `similarity` is the cosine of the vectors. `above neighbours` is twice that less the mean of the ten
    best of either item: what is near to everything is no evidence (CSLS, Conneau et al. 2018). The ranks
    are -log2 of the place that the pair has among the candidates of its left and of its right item; the
    leads how far it is ahead of the best other one. `words` compares the letters of two texts. Further
    columns are those that both sides have, from 0 to 1.

    Args:
        left: One side.
        right: The other; None for one side.
        candidates: The pairs.
        compare: Columns to compare; None takes all that both sides have.
        second: (m,) scores of a second stage, NaN where it has none.
        progress: Told of each piece of evidence.

    Raises:
        UnknownName: A column is not in both sides.
    """
    other = left if right is None else right
    progress(SIMILARITY, 0, None)
    columns = {SIMILARITY: cosines(left.vectors, other.vectors, candidates)}
    columns |= standing(columns[SIMILARITY], candidates)
    if left.kind == other.kind == "text":
        progress(WORDS, 0, None)
        texts = [[str(content) for content in side.contents] for side in (left, other)]
        columns[WORDS] = grams(texts[0], texts[1], candidates)
    for name in shared_columns(left, other) if compare is None else compare:
        progress(f"column {name}", 0, None)
        label = name if name not in columns else f"{name} column"
        columns[label] = compared(values_of(left, name), values_of(other, name), candidates)
    if second is not None:
        columns[SECOND] = np.asarray(second, dtype=np.float32)
    return Evidence(tuple(columns), np.column_stack([*columns.values()]).astype(np.float32, copy=False))


def cosines(left: Array, right: Array, candidates: Candidates) -> Array:
    """The cosine of each pair, (m,) float32; NaN where a vector is all zeros."""
    found = np.empty(len(candidates), dtype=np.float32)
    for start in range(0, len(found), _PAIRS):
        some = slice(start, start + _PAIRS)
        one, two = left[candidates.left[some]], right[candidates.right[some]]
        np.einsum("ij,ij->i", one, two, out=found[some])
    said = [np.asarray(vectors.any(axis=1)) for vectors in (left, right)]
    found[~(said[0][candidates.left] & said[1][candidates.right])] = np.nan
    return found


def standing(similarity: Array, candidates: Candidates) -> dict[str, Array]:
    """Ranks, leads and the distance above the neighbours of each pair, (m,) float32 by name.

    Args:
        similarity: (m,), NaN where nothing is known; such pairs have no standing either.
        candidates: The pairs.
    """
    n, m = candidates.shape
    known = np.flatnonzero(np.isfinite(similarity))
    values = similarity[known].astype(np.float32)
    # items of both sides are owners; within one side an item owns the pairs on either place
    owners = np.concatenate([candidates.left[known], candidates.right[known] + (0 if candidates.same else n)])
    ranks, leads, means = _among(owners, np.concatenate([values, values]), n if candidates.same else n + m)
    half = len(known)
    above = 2 * values - means[owners[:half]] - means[owners[half:]]
    made = {ABOVE: above}
    for place, part in enumerate((slice(None, half), slice(half, None))):
        made[RANKS[place]] = -np.log2(ranks[part])
        made[LEADS[place]] = leads[part]
    if candidates.same:  # left and right mean nothing: the better and the worse of both
        for names in (RANKS, LEADS):
            both = np.sort(np.stack([made[name] for name in names]), axis=0)
            made |= {names[0]: both[1], names[1]: both[0]}
    found = {name: np.full(len(similarity), np.nan, dtype=np.float32) for name in (ABOVE, *RANKS, *LEADS)}
    for name, column in found.items():
        column[known] = made[name]
    return found


def places_among(owners: Array, values: Array) -> Array:
    """Place of each value among those of its owner, (m,) from 1, the largest first; equal ones share."""
    count = int(owners.max()) + 1 if len(owners) else 0
    return _among(owners, np.nan_to_num(values, nan=-np.inf), count)[0]


def _among(owners: Array, values: Array, count: int) -> tuple[Array, Array, Array]:
    """Each value's place among its owner's, from 1; its lead over the best other; each owner's mean best.

    Equal values share the better place; a value that is alone leads by 0.
    """
    order = np.lexsort((-values, owners))
    sorted_owners, falling = owners[order], values[order]
    counts = np.bincount(owners, minlength=count)
    starts = np.cumsum(counts) - counts
    places = np.arange(len(order)) - starts[sorted_owners]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (sorted_owners[1:] != sorted_owners[:-1]) | (falling[1:] != falling[:-1])
    ranks = places[np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))] + 1
    best = np.full(count, np.nan, dtype=np.float32)
    has = counts > 0
    best[has] = falling[starts[has]]
    next_best = best.copy()
    several = counts > 1
    next_best[several] = falling[starts[several] + 1]
    leads = falling - np.where(places == 0, next_best[sorted_owners], best[sorted_owners])
    near = places < _NEAREST
    sums = np.bincount(sorted_owners[near], weights=falling[near].astype(np.float64), minlength=count)
    means = (sums / np.maximum(np.minimum(counts, _NEAREST), 1)).astype(np.float32)
    back = np.empty(len(order), dtype=np.intp)
    back[order] = np.arange(len(order))
    return ranks[back], leads[back], means
