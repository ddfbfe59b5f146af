"""Named arrays of MATLAB files up to version 7; those of 7.3 are HDF5, see `hdf5`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import Damaged


def matlab_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Shapes of the arrays of a file, by name, without their values.

    Raises:
        Damaged: It is no MATLAB file, or broken.
    """
    from scipy.io import whosmat

    try:
        return {name: tuple(shape) for name, shape, kind in whosmat(path) if kind != "struct"}
    except Exception as error:  # scipy raises whatever a broken file leads it to
        raise Damaged(f"{path} is not a readable MATLAB file ({error})") from error


def read_matlab(path: Path, names: Iterable[str] | None = None) -> dict[str, Array]:
    """Arrays of a file, rows first; cells of text become arrays of text, sparse matrices dense.

    Args:
        path: The file.
        names: Which ones; all when None.

    Raises:
        Damaged: It is no MATLAB file, or broken, or an array holds what is no array.
    """
    from scipy.io import loadmat

    wanted = None if names is None else list(names)
    try:
        stored: dict[str, Any] = loadmat(path, variable_names=wanted)
    except Exception as error:  # scipy raises whatever a broken file leads it to
        raise Damaged(f"{path} is not a readable MATLAB file ({error})") from error
    return {name: _plain(path, name, value) for name, value in stored.items() if not name.startswith("__")}


def _plain(path: Path, name: str, value: Any) -> Array:
    if hasattr(value, "toarray"):
        value = value.toarray()
    values = np.asarray(value)
    if values.dtype.kind != "O":
        return values
    cells = [np.asarray(cell) for cell in values.ravel(order="F")]
    if all(cell.dtype.kind == "U" and cell.size <= 1 for cell in cells):
        return np.array([str(cell.item()) if cell.size else "" for cell in cells], dtype=np.str_)
    if all(cell.dtype.kind in "biuf" and cell.size == 1 for cell in cells):
        return np.array([cell.item() for cell in cells])
    raise Damaged(f"{path}: {name} is a cell array of more than texts or numbers; save it as a matrix")
