"""Named benchmarks and files of pairs, as features; `datasets/wikipedia.py` is `"wikipedia"`."""

from __future__ import annotations

import inspect
from functools import cache
from importlib import import_module
from pathlib import Path

from tuwen.datasets.base import Dataset, Info, root
from tuwen.datasets.pairs import Pairs, Splits, paired
from tuwen.errors import unknown

__all__ = ["Dataset", "Info", "Pairs", "Splits", "find", "names", "open_dataset", "paired", "root"]

_PARTS = {"base", "pairs", "reading", "cutting", "layouts"}


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
