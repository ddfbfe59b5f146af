"""Named arrays of a file or folder, whatever wrote it; shapes first, values of those that are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tuwen.arrays import Array
from tuwen.datasets.reading.columns import read_columns
from tuwen.datasets.reading.hdf5 import hdf5_shapes, read_hdf5
from tuwen.datasets.reading.matlab import matlab_shapes, read_matlab
from tuwen.errors import Damaged, InputError
from tuwen.files import read_arrays, why_unread

#: What files of arrays end with.
ENDINGS = (".npz", ".npy", ".csv", ".tsv", ".mat", ".h5", ".hdf5", ".h5py")
_IN_FOLDERS = (".npy", ".mat", ".txt")


@dataclass(frozen=True, slots=True)
class Container:
    """Named arrays that have not been read yet.

    Attributes:
        path: The file or folder.
        files: Those that were or will be read.
        shapes: Of the arrays, by name.
        read: The values of some of them, by name.
        matlab: Whether matrices may lie on their side, a column an item, as in MATLAB they often do.
    """

    path: Path
    files: tuple[Path, ...]
    shapes: dict[str, tuple[int, ...]]
    read: Callable[[Iterable[str]], dict[str, Array]]
    matlab: bool = False

    @property
    def listing(self) -> str:
        """Names with shapes, for people."""
        shown = [f"{name} {shape}" for name, shape in sorted(self.shapes.items())]
        return ", ".join(shown[:20]) + (f" and {len(shown) - 20} more" if len(shown) > 20 else "")


def open_container(path: Path) -> Container:
    """The arrays of a file of arrays, or of a folder of .npy, .mat and .txt files, named as they are.

    Raises:
        InputError: It is not there, or of a kind that cannot be read.
        Damaged: It is not what its name says, or holds pickled objects.
        MissingExtra: It is HDF5, which needs h5py.
    """
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise InputError(f"{path} is not there; give a file or folder of pairs")
    ending = path.suffix.lower()
    if ending in (".mat", ".h5", ".hdf5", ".h5py"):
        modern = _starts_with(path, b"\x89HDF") or _starts_with(path, b"MATLAB 7.3")
        if modern:
            side = _starts_with(path, b"MATLAB 7.3") or ending == ".mat"
            return Container(path, (path,), hdf5_shapes(path), lambda names: read_hdf5(path, names), side)
        if ending != ".mat":
            raise Damaged(f"{path} is not an HDF5 file")
        return Container(path, (path,), matlab_shapes(path), lambda names: read_matlab(path, names), True)
    if ending == ".npz":
        return _held(path, read_arrays(path))
    if ending == ".npy":
        return _held(path, {path.stem: _npy(path)})
    if ending in (".csv", ".tsv"):
        return _held(path, read_columns(path))
    raise InputError(
        f"{path} is no file of arrays that can be read; these can: {', '.join(ENDINGS)}, a folder"
    )


def _starts_with(path: Path, mark: bytes) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(mark)) == mark


def _held(path: Path, arrays: dict[str, Array]) -> Container:
    """Arrays that are in memory already."""
    shapes = {name: values.shape for name, values in arrays.items()}
    return Container(path, (path,), shapes, lambda names: {name: arrays[name] for name in names})


def _npy(path: Path) -> Array:
    try:
        with path.open("rb") as stream:
            values = np.load(stream, allow_pickle=False)
            if not isinstance(values, np.ndarray):
                raise Damaged(f"{path} holds several arrays; name it .npz")
    except (Damaged, MemoryError):
        raise
    except Exception as error:  # numpy raises whatever a broken file leads it to
        raise Damaged(f"{path} is not a .npy file of a plain array ({why_unread(error)})") from error
    return np.asarray(values)


def _folder(path: Path) -> Container:
    """The arrays of all files in a folder; a .mat of one array gives it under the name of the file."""
    files = tuple(sorted(file for file in path.iterdir() if file.suffix.lower() in _IN_FOLDERS))
    if not files:
        raise InputError(f"{path} is a folder without .npy or .mat files; name the file that holds the pairs")
    arrays: dict[str, Array] = {}
    matlab = False
    for file in files:
        if file.suffix.lower() == ".txt":
            arrays[file.stem] = np.array(file.read_text(encoding="utf-8").splitlines(), dtype=np.str_)
            continue
        inside = open_container(file)
        matlab |= inside.matlab
        found = inside.read(inside.shapes)
        arrays |= {file.stem: next(iter(found.values()))} if len(found) == 1 else found
    shapes = {name: values.shape for name, values in arrays.items()}
    return Container(path, files, shapes, lambda names: {name: arrays[name] for name in names}, matlab)
