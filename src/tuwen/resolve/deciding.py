"""Which candidate pairs are kept: by threshold alone, or so that an item has one partner at most."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Literal, get_args

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError, unknown

How = Literal["threshold", "one-to-one", "mutual", "greedy", "one-to-many"]

_DENSE = 1 << 22  # cells of a component up to which a full matrix is solved: 32 MB


def decide(
    left: Array,
    right: Array,
    score: Array,
    *,
    how: How = "one-to-one",
    threshold: float | None = None,
    shape: tuple[int, int],
    same: bool = False,
) -> Array:
    """The candidate pairs that are kept; an item may well be left without a partner.

    Nothing depends on the order in which candidates come: equal scores prefer the lower left row, then the
    lower right row (in `one-to-one`, whichever the solver meets).

    Args:
        left: (m,) rows of the left side, each pair once.
        right: (m,) rows of the right side.
        score: (m,) larger is closer; best a probability.
        how: `threshold` keeps all pairs that reach the threshold. In the others pairs that do not are left
            out first, and then: `mutual` keeps pairs that are each other's best; `greedy` takes the best
            pair whose items are both free, again and again; `one-to-one` makes the sum of the kept scores
            the largest that any choice with each item at most once has (in worth above the threshold where
            that is negative); `one-to-many` gives each right item to its best left item, so that a left
            item may have many.
        threshold: The score that a pair must reach; None lets all pass.
        shape: How many items the two sides have.
        same: Whether both sides are one, as when duplicates are looked for. Then an item is the same item
            in either column, and `one-to-one` and `one-to-many` are not offered.

    Returns:
        (k,) intp places of the kept candidates, rising.

    Raises:
        InputError: Arrays do not align, rows are beyond `shape`, a pair stands twice, a score is not
            finite, or `how` does not go with `same`.
        UnknownName: No such `how`.
    """
    if how not in get_args(How):
        raise unknown("way of deciding", how, get_args(How))
    if same and how in ("one-to-one", "one-to-many"):
        raise InputError(f"{how} needs two sides; within one use mutual, greedy or threshold")
    left, right, score = checked_pairs(left, right, score, shape)
    passing = np.arange(len(left)) if threshold is None else np.flatnonzero(score >= threshold)
    # by row, so that ties are settled by what the pairs are and not by how they came
    passing = passing[np.lexsort((right[passing], left[passing]))]
    if how == "threshold" or not len(passing):
        return np.sort(passing)
    if how == "one-to-one":
        chosen = _optimal(left[passing], right[passing], score[passing] - min(threshold or 0.0, 0.0))
    else:
        chosen = _WAYS[how](left[passing], right[passing], score[passing], shape, same)
    return np.sort(passing[chosen])


def checked_pairs(left: Array, right: Array, score: Array, shape: tuple[int, int]) -> tuple[Array, ...]:
    """Pairs and scores as intp and float64 arrays.

    Raises:
        InputError: As for `decide`.
    """
    left, right = np.asarray(left, dtype=np.intp), np.asarray(right, dtype=np.intp)
    score = np.asarray(score, dtype=np.float64)
    if not left.shape == right.shape == score.shape or left.ndim != 1:
        raise InputError(
            f"left, right and score have shapes {left.shape}, {right.shape} and {score.shape}; "
            "they must align"
        )
    if not np.isfinite(score).all():
        bad = int(np.flatnonzero(~np.isfinite(score))[0])
        raise InputError(f"the score of pair {bad} is {score[bad]}; every candidate needs a number")
    for name, rows, count in (("left", left, shape[0]), ("right", right, shape[1])):
        if len(rows) and not 0 <= rows.min() <= rows.max() < count:
            raise InputError(
                f"{name} has rows {rows.min()} to {rows.max()}; there are {count} items, counted from 0"
            )
    keys = np.sort(left.astype(np.int64) * max(shape[1], 1) + right)
    twice = keys[1:][keys[1:] == keys[:-1]]
    if len(twice):
        pair = divmod(int(twice[0]), max(shape[1], 1))
        raise InputError(f"pair {pair} stands twice among the candidates; give each pair once")
    return left, right, score


def _best_of(owner: Array, score: Array, count: int) -> Array:
    """Where the best pair of each owner stands, (count,); -1 for none. The first of equal ones."""
    order = np.lexsort((-np.arange(len(owner)), score, owner))  # the best of an owner comes last
    ends = np.flatnonzero(np.append(owner[order][1:] != owner[order][:-1], True))
    best = np.full(count, -1, dtype=np.intp)
    best[owner[order][ends]] = order[ends]
    return best


def _mutual(left: Array, right: Array, score: Array, shape: tuple[int, int], same: bool) -> Array:
    if not same:
        mine, theirs = _best_of(left, score, shape[0]), _best_of(right, score, shape[1])
        places = np.arange(len(left))
        return np.flatnonzero((mine[left] == places) & (theirs[right] == places))
    # both columns are the same items: each pair is asked from either end
    pair = np.tile(np.arange(len(left)), 2)
    best = _best_of(np.concatenate([left, right]), np.tile(score, 2), shape[0])
    best = np.where(best >= 0, pair[best], -1)
    return np.flatnonzero((best[left] == best[right]) & (best[left] == np.arange(len(left))))


def _greedy(left: Array, right: Array, score: Array, shape: tuple[int, int], same: bool) -> Array:
    taken_left = np.zeros(shape[0], dtype=bool).tolist()
    taken_right = taken_left if same else np.zeros(shape[1], dtype=bool).tolist()
    order = np.argsort(-score, kind="stable")
    kept = []
    for place, i, j in zip(order.tolist(), left[order].tolist(), right[order].tolist(), strict=True):
        if not (taken_left[i] or taken_right[j]):
            taken_left[i] = taken_right[j] = True
            kept.append(place)
    return np.array(kept, dtype=np.intp)


def _one_to_many(left: Array, right: Array, score: Array, shape: tuple[int, int], same: bool) -> Array:
    best = _best_of(right, score, shape[1])
    return best[best >= 0]


_WAYS: dict[str, Callable[[Array, Array, Array, tuple[int, int], bool], Array]] = {
    "mutual": _mutual,
    "greedy": _greedy,
    "one-to-many": _one_to_many,
}


def _optimal(left: Array, right: Array, worth: Array) -> Array:
    """Component by component: small ones as full matrices, large ones sparsely, so memory stays bounded."""
    positive = np.flatnonzero(worth > 0)  # what is worth nothing is not missed
    if not len(positive):
        return positive
    left, right, worth = left[positive], right[positive], worth[positive]
    rows, left = np.unique(left, return_inverse=True)
    columns, right = np.unique(right, return_inverse=True)
    parts = _components(left, len(rows) + right, len(rows) + len(columns))[left]
    order = np.argsort(parts, kind="stable")
    bounds = np.flatnonzero(np.diff(parts[order], prepend=-1, append=-1))
    kept = [
        order[start:stop][
            _solved(left[order[start:stop]], right[order[start:stop]], worth[order[start:stop]])
        ]
        for start, stop in pairwise(bounds)
    ]
    return positive[np.concatenate(kept)]


def _components(one: Array, other: Array, nodes: int) -> Array:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(nodes, nodes))
    return np.asarray(connected_components(graph.tocsr(), directed=False)[1])


def _solved(left: Array, right: Array, worth: Array) -> Array:
    """The best choice within one component."""
    if len(left) == 1:
        return np.zeros(1, dtype=np.intp)
    rows, left = np.unique(left, return_inverse=True)
    columns, right = np.unique(right, return_inverse=True)
    if len(rows) == 1 or len(columns) == 1:
        return np.array([worth.argmax()])
    if len(rows) * len(columns) > _DENSE:
        return _sparse(left, right, worth, len(rows), len(columns))
    from scipy.optimize import linear_sum_assignment

    matrix = np.zeros((len(rows), len(columns)))
    matrix[left, right] = worth
    places = np.full(matrix.shape, -1, dtype=np.intp)
    places[left, right] = np.arange(len(left))
    chosen = places[linear_sum_assignment(matrix, maximize=True)]
    return np.asarray(chosen[chosen >= 0])


def _sparse(left: Array, right: Array, worth: Array, rows: int, columns: int) -> Array:
    """The same by a solver for sparse matrices, in which every row may also stay alone."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    top = worth.max() + 1.0  # every cost must be above 0: the solver takes 0 for "no pair"
    alone = np.arange(rows)
    cost = np.concatenate([top - worth, np.full(rows, top)])
    graph = csr_array(
        (cost, (np.concatenate([left, alone]), np.concatenate([right, columns + alone]))),
        shape=(rows, columns + rows),
    )
    i, j = min_weight_full_bipartite_matching(graph)
    paired = j < columns
    keys = left.astype(np.int64) * columns + right
    order = np.argsort(keys)
    return np.asarray(order[np.searchsorted(keys[order], i[paired].astype(np.int64) * columns + j[paired])])
