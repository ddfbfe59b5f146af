"""Every classifier, found by its file name: `classes/titles.py` is `"titles"`."""

from __future__ import annotations

import inspect
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from tuwen.classes.base import Classifier, TextClassifier, VectorClassifier
from tuwen.errors import unknown
from tuwen.saved import read

__all__ = ["Classifier", "TextClassifier", "VectorClassifier", "find", "load", "names"]

_SHARED = ("base", "folds", "scores")  # files that hold no classifier


@cache
def names() -> tuple[str, ...]:
    """The classifiers there are, from the folder listing; imports none of them."""
    files = sorted(Path(__file__).parent.glob("[!_]*.py"))
    return tuple(path.stem for path in files if path.stem not in _SHARED)


def find(name: str) -> type[Classifier[Any]]:
    """The class behind a name, importing only its own file.

    Raises:
        UnknownName: No classifier has this name.
    """
    if name not in names():
        raise unknown("classifier", name, names())
    path = f"{__name__}.{name}"
    (found,) = (
        value
        for value in vars(import_module(path)).values()
        if inspect.isclass(value) and issubclass(value, Classifier) and value.__module__ == path
    )
    return found


def load(folder: str | Path) -> Classifier[Any]:
    """The classifier that `Classifier.save` wrote to a folder; its `classes.json` says which it is.

    Raises:
        Damaged: The folder does not hold a whole classifier.
        UnknownName: This version has no such classifier, or the classifier no such parameter.
    """
    folder = Path(folder)
    saved = read(folder, "classes")
    return find(saved.name)._opened(folder, saved)
