"""Named benchmarks and files of pairs, as features; `datasets/wikipedia.py` is `"wikipedia"`."""

from __future__ import annotations

import inspect
from functools import cache
from importlib import import_module
from pathlib import Path

from tuwen.datasets.base import Dataset, Info, root
from tuwen.datasets.pairs import Pairs, Splits, paired
from tuwen.datasets.reading import taken_apart
from tuwen.datasets.user import load_file
from tuwen.datasets.zero_shot import below, unseen
from tuwen.errors import InputError, unknown

__all__ = ["Dataset", "Info", "Pairs", "Splits", "find", "load", "names", "open_dataset", "paired", "root"]

_PARTS = {"base", "pairs", "cutting", "layouts", "captions", "vectors", "listing", "user", "matrices"}
_PARTS |= {"zero_shot"}


@cache
def names() -> tuple[str, ...]:
    """The benchmarks there are, from the folder listing; imports none of them."""
    files = Path(__file__).parent.glob("[!_]*.py")
    return tuple(sorted(path.stem for path in files if path.stem not in _PARTS))


def find(name: str) -> type[Dataset]:
    """The class behind a name.

    Raises:
        UnknownName: No benchmark has this name.
    """
    if name not in names():
        raise unknown("data set", name, names())
    path = f"{__name__}.{name}"
    (found,) = (
        value
        for value in vars(import_module(path)).values()
        if inspect.isclass(value) and issubclass(value, Dataset) and value.__module__ == path
    )
    return found


def open_dataset(name: str, data_root: Path | None = None) -> Dataset:
    """A benchmark in its folder below the folder of data sets.

    Raises:
        UnknownName: No benchmark has this name.
    """
    return find(name)(root(data_root) / name)


def load(
    data: str, split: str = "", features: str = "", *, seed: int = 0, data_root: Path | None = None
) -> Splits:
    """A benchmark by its name, or a file or folder of a user's own pairs, cut into parts.

    Args:
        data: The name of a benchmark, or a path as `user.load_file` takes it; `./NAME` for a path that is
            named as a benchmark is.
        split: How to cut it; the default of the data when empty. `zero-shot` keeps half of the classes from
            training, `zero-shot-NAME` does so with another split than the default.
        features: Which features of a benchmark; its default when empty.
        seed: Of splits that are drawn.
        data_root: The folder that holds a folder for each benchmark; see `root`.

    Raises:
        UnknownName: There is no such benchmark and no such file, or no such split or features.
        Unavailable: The files of the benchmark are not there; says where they are to be had.
        InputError: The file holds no pairs, or pairs that cannot be used; says which and why.
        Damaged: A file is not what it should be.
    """
    if (rest := below(split)) is not None:
        return unseen(load(data, rest, features, seed=seed, data_root=data_root), seed)
    if data in names():
        return open_dataset(data, data_root).load(split, features, seed=seed)
    path, _ = taken_apart(data)
    if not path.exists():
        if path.suffix or path.name != data:
            raise InputError(
                f"{path} is not there; give a file or folder of pairs, or the name of a data set"
            )
        raise unknown("data set or file", data, names())
    return load_file(data, split, features, seed=seed)
