"""Labels as files have them: numbers, names, one-hot or multi-hot rows, columns of MATLAB."""

from __future__ import annotations

import re

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError


def tidy_labels(
    parts: list[Array], where: str, classes: tuple[str, ...] = ()
) -> tuple[list[Array], tuple[str, ...]]:
    """Labels of all parts of a data set in one form.

    Args:
        parts: As they were read: numbers or names (n,), (n, 1) or (1, n); one-hot or multi-hot (n, classes).
        where: The file, for messages.
        classes: Names of the classes that numbers count, from 0.

    Returns:
        Class numbers (n,) int64, or multi-hot (n, classes) uint8; and the names of the classes that are
        numbered, empty where nothing names them. Numbers are kept as they are.

    Raises:
        InputError: A row has no class, a class no row, or the values are no labels.
    """
    flat = [_flat(values) for values in parts]
    if len({values.ndim for values in flat}) > 1 or len({values.shape[1:] for values in flat}) > 1:
        shapes = ", ".join(str(values.shape) for values in parts)
        raise InputError(f"labels of the parts of {where} have shapes {shapes}; they must be of one form")
    values = np.concatenate(flat)
    ends = np.cumsum([len(part) for part in flat])[:-1]
    tidy, classes = _tidy(values, where, classes)
    return list(np.split(tidy, ends)), classes


def _flat(values: Array) -> Array:
    """Rows and columns of one number each are one list."""
    values = np.asarray(values)
    if values.ndim == 2 and 1 in values.shape:
        return values.ravel()
    if values.ndim not in (1, 2):
        raise InputError(f"labels have shape {values.shape}; (n,) or (n, classes) is needed")
    return values


def _tidy(values: Array, where: str, classes: tuple[str, ...]) -> tuple[Array, tuple[str, ...]]:
    if values.dtype.kind in "US":
        names = np.asarray(values, dtype=np.str_)
        _check_rows(names == "", where)
        if names.ndim == 2:
            raise InputError(f"labels of {where} are a table of texts; one name a row is needed")
        found = _whole(names)
        if found is not None:
            return found, classes
        known, codes = np.unique(names, return_inverse=True)
        return codes.astype(np.int64), tuple(str(name) for name in known)
    if values.dtype.kind not in "biuf":
        raise InputError(f"labels of {where} are neither numbers nor text ({values.dtype})")
    odd = ~np.isfinite(values.astype(np.float64))
    _check_rows(odd if odd.ndim == 1 else odd.any(axis=1), where)
    if values.ndim == 1:
        if (values != np.round(values)).any():
            row = int((values != np.round(values)).argmax())
            raise InputError(f"labels of {where} must be whole numbers; row {row} is {values[row]}")
        numbers = values.astype(np.int64)
        if classes and (numbers.min() < 0 or numbers.max() >= len(classes)):
            raise InputError(
                f"labels of {where} run from {numbers.min()} to {numbers.max()}, but classes names "
                f"{len(classes)}, counted from 0"
            )
        return numbers, classes
    return _hot(values, where, classes)


def _whole(names: Array) -> Array | None:
    """Numbers that are written as text, as a table has them."""
    if not all(re.fullmatch(r"-?\d+", name) for name in names):
        return None
    return np.array([int(name) for name in names], dtype=np.int64)


def _hot(values: Array, where: str, classes: tuple[str, ...]) -> tuple[Array, tuple[str, ...]]:
    """Rows with a place for each class."""
    if not np.isin(values, (0, 1) if values.dtype.kind in "bu" or values.min() >= 0 else (-1, 1)).all():
        raise InputError(
            f"labels of {where} have shape {values.shape} and values other than 0 and 1; "
            "give class numbers (n,), or a 1 for each class of a row"
        )
    hot = values > 0
    _check_rows(np.equal(hot.sum(axis=1), 0), where)
    if not hot.any(axis=0).all():
        empty = int((~hot.any(axis=0)).argmax())
        raise InputError(f"labels of {where}: no row is of class {empty} (from 0); leave out that column")
    if (hot.sum(axis=1) == 1).all():
        return hot.argmax(axis=1).astype(np.int64), classes
    return hot.astype(np.uint8), classes


def _check_rows(found: object, where: str) -> None:
    bad = np.asarray(found)
    if bad.any():
        raise InputError(
            f"labels of {where}: {int(bad.sum())} rows have no class, first row {int(bad.argmax())} "
            "(from 0); give it one, or leave the pair out"
        )
