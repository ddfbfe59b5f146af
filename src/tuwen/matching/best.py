"""Running lists of the best k, fed with candidates."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from tuwen.arrays import Array, top_k

_FEW = 4  # candidates a list and wanted place; about 1.2 pass the bound where scores are in random order
_NOBODY = np.iinfo(np.int64).max  # index of a place not yet taken: behind every real index


class Best:
    """The best k of each owner so far; equal scores keep the lower index, in whatever order they come.

    Attributes:
        scores: (n, k) float32, best first; -inf where there are fewer than k yet.
        indices: (n, k) int64.
    """

    def __init__(self, owners: int, k: int) -> None:
        self.scores = np.full((owners, k), -np.inf, dtype=np.float32)
        self.indices = np.full((owners, k), _NOBODY, dtype=np.int64)

    def floors(self, first_index: int) -> Array:
        """The score an index of `first_index` or more must reach to enter, (n,) float32."""
        worst, holder = self.scores[:, -1], self.indices[:, -1]
        # a tie loses to a lower index: then the next larger number is needed
        return np.where(holder < first_index, np.nextafter(worst, np.float32(np.inf)), worst)

    def merge(self, owners: Array, scores: Array, indices: Array) -> None:
        """Take candidates in: three arrays (c,) of equal length, no index twice for an owner."""
        if not len(owners):
            return
        k = self.scores.shape[1]
        counts = np.bincount(owners, minlength=len(self.scores))
        touched = np.flatnonzero(counts)
        counts = counts[touched]
        if counts.min() < k or (self.indices[touched, 0] != _NOBODY).any():
            # those who hold the places now are candidates too
            owners = np.concatenate([np.repeat(touched, k), owners])
            scores = np.concatenate([self.scores[touched].ravel(), scores])
            indices = np.concatenate([self.indices[touched].ravel(), indices])
            counts = counts + k
        order = _ordered(owners, scores, indices)
        starts = np.cumsum(counts) - counts
        kept = order[(starts[:, None] + np.arange(k)).ravel()]
        self.scores[touched] = scores[kept].reshape(-1, k)
        self.indices[touched] = indices[kept].reshape(-1, k)


def _ordered(owners: Array, scores: Array, indices: Array) -> Array:
    """The order by owner, then falling score, then index."""
    bits = (scores + np.float32(0)).view(np.int32)  # adding 0 makes -0.0 equal to 0.0
    # a float's bits, flipped so that they sort as integers from the largest score to the smallest
    falling = np.where(bits < 0, bits.view(np.uint32), ~(bits.view(np.uint32) | np.uint32(1 << 31)))
    keys = owners.astype(np.uint64) << np.uint64(32) | falling.astype(np.uint64)
    order = np.argsort(keys)  # not stable, but several times faster than sorting by three keys
    keys = keys[order]
    if (keys[1:] == keys[:-1]).any():
        order = np.lexsort((indices, falling, owners))
    return order


def candidates(scores: Array, floors: Array, k: int, mask: Array) -> tuple[Array, Array, Array]:
    """The entries of a tile that may be among the best k of their row.

    All entries of the best k that reach their row's floor are among them, and few others.

    Args:
        scores: (n, m) contiguous.
        floors: (n,) scores to reach.
        k: How many are wanted.
        mask: (n, m) bool to work in.

    Returns:
        Rows, columns and scores, (c,) each, by row, then column.
    """
    limit = _FEW * k * len(scores)
    found = _reaching(scores, floors[:, None], mask, limit)
    if found is None:
        found = _reaching(scores, np.maximum(floors, _bound(scores, k))[:, None], mask, limit)
    return found if found is not None else _partitioned(scores, floors, k)


def column_candidates(scores: Array, floors: Array, k: int, mask: Array) -> tuple[Array, Array, Array]:
    """As `candidates`, for the columns: floors are (m,), and columns are returned first."""
    limit = _FEW * k * scores.shape[1]
    found = _reaching(scores, floors, mask, limit)
    if found is None:
        found = _reaching(scores, np.maximum(floors, _bound(scores.T, k)), mask, limit)
    if found is None:
        return _partitioned(np.ascontiguousarray(scores.T), floors, k)
    rows, columns, values = found
    return columns, rows, values


def _reaching(scores: Array, floors: Array, mask: Array, limit: int) -> tuple[Array, Array, Array] | None:
    """The entries that reach the floors; None when there are more than `limit`."""
    np.greater_equal(scores, floors, out=mask)
    flat = mask.reshape(-1)
    if np.count_nonzero(flat) > limit:
        return None
    places = np.flatnonzero(flat)
    rows, columns = np.divmod(places, scores.shape[1])
    return rows, columns, scores.reshape(-1)[places]


def _bound(scores: Array, k: int) -> Array:
    """A score that at least k entries of each row reach, (n,), and few more: cheaper than a partition.

    The k-th largest of the maxima of several times k groups of columns.
    """
    n, m = scores.shape
    if m < k:
        return np.full(n, -np.inf, dtype=np.float32)
    groups = max(k, min(4 * k, m // 8))
    edges = np.linspace(0, m, groups + 1).astype(int)
    maxima = np.stack([scores[:, start:stop].max(axis=1) for start, stop in pairwise(edges)])
    return np.asarray(np.partition(maxima, groups - k, axis=0)[groups - k])


def _partitioned(scores: Array, floors: Array, k: int) -> tuple[Array, Array, Array]:
    """The best k of each row alone, for tiles where thresholds let too much pass."""
    columns, values = top_k(scores, k)
    rows, places = np.nonzero(values >= floors[:, None])
    return rows, columns[rows, places], values[rows, places]
