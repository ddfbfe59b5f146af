"""One-to-one pairs from a matrix of scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from tuwen.arrays import Array, check_matrix
from tuwen.errors import unknown

How = Literal["mutual", "greedy", "optimal"]


@dataclass(frozen=True, slots=True)
class Pairing:
    """Pairs in which no row and no column stands twice.

    Attributes:
        rows: (p,) int64, ascending.
        columns: (p,) int64, the partner of each row.
        scores: (p,) float32.
    """

    rows: Array
    columns: Array
    scores: Array


def match(scores: Array, *, how: How = "mutual", min_score: float | None = None) -> Pairing:
    """Pair rows with columns, each at most once.

    Args:
        scores: (n, m), larger is closer.
        how: `mutual` keeps pairs that are each other's best; `greedy` takes the best pair left, again and
            again; `optimal` makes the sum of the kept scores the largest that any pairing has. Equal
            scores prefer the lower column (in `optimal`, whichever the solver meets).
        min_score: Leave out pairs below it; with `optimal`, before solving.

    Raises:
        InputError: `scores` is not a finite matrix.
        UnknownName: No such `how`.
    """
    scores = check_matrix("scores", scores)
    if how not in get_args(How):
        raise unknown("way of matching", how, get_args(How))
    if 0 in scores.shape:
        rows = columns = np.empty(0, dtype=np.int64)
    elif how == "mutual":
        rows, columns = _mutual(scores)
    elif how == "greedy":
        rows, columns = _greedy(scores)
    else:
        rows, columns = _optimal(scores, min_score)
    found = scores[rows, columns]
    kept = slice(None) if min_score is None else found >= min_score
    return Pairing(rows[kept], columns[kept], found[kept])


def _mutual(scores: Array) -> tuple[Array, Array]:
    columns = scores.argmax(axis=1)
    rows = np.flatnonzero(scores.argmax(axis=0)[columns] == np.arange(len(scores)))
    return rows, columns[rows]


def _greedy(scores: Array) -> tuple[Array, Array]:
    """Rounds of mutual bests: every such pair is also one that the greedy choice takes."""
    left_rows, left_columns = np.arange(scores.shape[0]), np.arange(scores.shape[1])
    rows, columns = [], []
    while left_rows.size and left_columns.size:
        i, j = _mutual(scores[np.ix_(left_rows, left_columns)])
        rows.append(left_rows[i])
        columns.append(left_columns[j])
        left_rows, left_columns = np.delete(left_rows, i), np.delete(left_columns, j)
    found = np.concatenate(rows)
    order = np.argsort(found)
    return found[order], np.concatenate(columns)[order]


def _optimal(scores: Array, min_score: float | None) -> tuple[Array, Array]:
    from scipy.optimize import linear_sum_assignment

    # a pair that will not be kept is worth what no pair is worth
    values = scores if min_score is None else np.where(scores >= min_score, scores, 0.0)
    rows, columns = linear_sum_assignment(values, maximize=True)
    return rows.astype(np.int64), columns.astype(np.int64)
