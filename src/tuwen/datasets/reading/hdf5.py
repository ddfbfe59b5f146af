"""Named arrays of HDF5 files, those of MATLAB 7.3 among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import Damaged, InputError, MissingExtra

_NUMBERS = {b"double", b"single", b"logical"} | {
    f"{sign}int{bits}".encode() for sign in ("", "u") for bits in (8, 16, 32, 64)
}


def hdf5_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Shapes of the arrays of a file, by name (`group/name`), without their values.

    Raises:
        Damaged: It is no HDF5 file, or broken.
        MissingExtra: h5py is not installed.
    """
    with _opened(path) as file:
        return {name: _shape(item) for name, item in _items(file)}


def read_hdf5(path: Path, names: Iterable[str]) -> dict[str, Array]:
    """Arrays of a file; what MATLAB wrote is turned so that rows come first, as MATLAB shows it.

    Raises:
        Damaged: It is no HDF5 file, or broken, or an array holds what is no array.
        MissingExtra: h5py is not installed.
    """
    with _opened(path) as file:
        there = dict(_items(file))
        return {name: _values(path, file, name, there[name]) for name in names}


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        import h5py
    except ImportError as error:
        raise MissingExtra(
            f"{path} is an HDF5 file, which needs h5py; install it with: pip install 'tuwen[bench]'"
        ) from error
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError) as error:
        if isinstance(error, InputError):
            raise
        raise Damaged(f"{path} is not a readable HDF5 file ({error})") from error


def _items(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Arrays of a group and its groups; what MATLAB keeps for itself begins with #."""
    for name, item in group.items():
        if name.startswith("#"):
            continue
        if hasattr(item, "shape") or "MATLAB_sparse" in item.attrs:
            yield prefix + name, item
        else:
            yield from _items(item, f"{prefix}{name}/")


def _shape(item: Any) -> tuple[int, ...]:
    if "MATLAB_sparse" in item.attrs:
        return int(item.attrs["MATLAB_sparse"]), len(item["jc"]) - 1
    shape = tuple(int(size) for size in item.shape)
    return shape[::-1] if "MATLAB_class" in item.attrs else shape


def _values(path: Path, file: Any, name: str, item: Any) -> Array:
    if "MATLAB_sparse" in item.attrs:
        return _sparse(item)
    kind = item.attrs.get("MATLAB_class", b"")
    values = item[()]
    if kind == b"cell":
        return _cells(path, name, [file[cell] for cell in values.T.ravel(order="F")])
    if kind == b"char":
        return np.array([_text(row) for row in np.atleast_2d(values.T)], dtype=np.str_)
    if kind in _NUMBERS:
        return np.asarray(values.T)
    if kind:
        raise Damaged(
            f"{path}: {name} is a {kind.decode()} of MATLAB; save it as numbers, char or cells of char"
        )
    if item.dtype.kind in "OS":
        try:
            return np.asarray(item.asstr()[()], dtype=np.str_)
        except (TypeError, UnicodeDecodeError) as error:
            raise Damaged(f"{path}: {name} holds neither numbers nor text; save it as one of both") from error
    return np.asarray(values)


def _cells(path: Path, name: str, cells: list[Any]) -> Array:
    """A cell array of texts, or of one number each."""
    kinds = {cell.attrs.get("MATLAB_class", b"") for cell in cells}
    if kinds <= {b"char"}:
        return np.array(
            ["" if "MATLAB_empty" in cell.attrs else _text(cell[()]) for cell in cells], dtype=np.str_
        )
    if kinds <= _NUMBERS and all(cell.size == 1 for cell in cells):
        return np.array([cell[()].item() for cell in cells])
    raise Damaged(f"{path}: {name} is a cell array of more than texts or numbers; save it as a matrix")


def _text(codes: Array) -> str:
    """Text that MATLAB stored as numbers of characters."""
    return "".join(chr(int(code)) for code in np.asarray(codes).ravel() if int(code)).strip()


def _sparse(item: Any) -> Array:
    """A sparse matrix of MATLAB: values by column, with their rows."""
    rows, starts = item["ir"][()].astype(np.int64) if "ir" in item else np.empty(0, np.int64), item["jc"][()]
    dense = np.zeros(_shape(item), dtype=item["data"].dtype if "data" in item else np.float64)
    if "data" in item:
        columns = np.repeat(np.arange(len(starts) - 1), np.diff(starts.astype(np.int64)))
        dense[rows, columns] = item["data"][()]
    return dense
