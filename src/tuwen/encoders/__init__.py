"""Every encoder, found by its file name: `encoders/mini.py` is `"mini"`."""

from __future__ import annotations

import inspect
from functools import cache
from importlib import import_module
from pathlib import Path

from tuwen.encoders.base import Encoder
from tuwen.errors import unknown

__all__ = ["Encoder", "find", "load", "names"]

_PARTS = {"base"}


@cache
def names() -> tuple[str, ...]:
    """The encoders there are, from the folder listing; imports none of them."""
    files = Path(__file__).parent.glob("[!_]*.py")
    return tuple(sorted(path.stem for path in files if path.stem not in _PARTS))


def find(name: str) -> type[Encoder]:
    """The class behind a name, importing only its own file.

    Raises:
        UnknownName: No encoder has this name.
    """
    if name not in names():
        raise unknown("encoder", name, names())
    path = f"{__name__}.{name}"
    found = [
        value
        for value in vars(import_module(path)).values()
        if inspect.isclass(value) and issubclass(value, Encoder) and value.__module__ == path
    ]
    return found[0]


@cache
def load(name: str) -> Encoder:
    """The encoder of this name, made once a process.

    Raises:
        UnknownName: No encoder has this name.
    """
    return find(name)()
