"""Arrays that everything speaks: unit rows, checks, top-k."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tuwen.errors import InputError

Array = NDArray[Any]
Modality = Literal["image", "text"]
MODALITIES: tuple[Modality, Modality] = ("image", "text")


def unit_rows(vectors: Array) -> Array:
    """Rows scaled to length one, (n, d) float32; a zero row stays zero."""
    vectors = np.asarray(vectors, dtype=np.float32)
    # einsum needs no squared copy of the matrix, four times faster than linalg.norm on long matrices
    norms = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))[..., None]
    odd = (norms < 1e-15) | np.isinf(norms)  # squares that float32 cannot hold, or zero
    if odd.any():
        largest = np.abs(vectors).max(axis=-1, keepdims=True, initial=1e-45)
        vectors = np.where(odd, vectors / largest, vectors)
        norms = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))[..., None]
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)


def check_matrix(name: str, values: Array, width: int | None = None) -> Array:
    """`values` as a finite float32 matrix (n, d).

    Raises:
        InputError: Not two-dimensional, not `width` wide, or not finite.
    """
    try:
        matrix = np.asarray(values, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} is no matrix of numbers ({error})") from error
    if matrix.ndim != 2:
        raise InputError(f"{name} has shape {matrix.shape}; a matrix (n, d) is needed, one row an item")
    if width is not None and matrix.shape[1] != width:
        raise InputError(f"{name} has {matrix.shape[1]} columns; {width} are needed")
    # a row's sum is finite unless a value is not (or values near the float32 limit add up beyond it)
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(matrix.sum(axis=1)).all():
            return matrix
    bad = ~np.isfinite(matrix).all(axis=1)
    if bad.any():
        raise InputError(
            f"{name} has NaN or infinite values in {int(bad.sum())} rows, first in row {int(bad.argmax())}"
        )
    return matrix


def top_k(scores: Array, k: int) -> tuple[Array, Array]:
    """The k largest of each row, best first; equal scores keep the lower column first.

    Args:
        scores: (n, m).
        k: How many; at most m are returned.

    Returns:
        Columns (n, min(k, m)) int64 and their scores.
    """
    k = min(k, scores.shape[1])
    if k == 0:
        return np.empty((len(scores), 0), dtype=np.int64), np.empty((len(scores), 0), dtype=scores.dtype)
    # a partition alone may drop the lower of two tied columns at the edge: keep all that reach the k-th score
    kth = -np.partition(-scores, k - 1, axis=1)[:, k - 1]
    columns = np.empty((len(scores), k), dtype=np.int64)
    for row, floor in enumerate(kth):
        reach = np.flatnonzero(scores[row] >= floor)
        columns[row] = reach[np.argsort(-scores[row, reach], kind="stable")[:k]]
    return columns, np.take_along_axis(scores, columns, axis=1)
