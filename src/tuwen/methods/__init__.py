"""Every method, found by its file name: `methods/hashing/itq.py` is `"itq"`."""

from __future__ import annotations

import inspect
from functools import cache
from importlib import import_module
from pathlib import Path

from tuwen.errors import MissingExtra, unknown
from tuwen.methods.base import Coder, CommonSpace, Hasher, Method, Paper
from tuwen.saved import read

__all__ = ["Coder", "CommonSpace", "Hasher", "Method", "Paper", "find", "load", "names"]


@cache
def names() -> dict[str, str]:
    """Method name to family, from the folder listing; imports nothing."""
    files = Path(__file__).parent.glob("*/[!_]*.py")
    return {path.stem: path.parent.name for path in sorted(files)}


def find(name: str) -> type[Method]:
    """The class behind a name, importing only its own file.

    Raises:
        UnknownName: No method has this name.
        MissingExtra: The method needs an optional dependency.
    """
    if name not in names():
        raise unknown("method", name, names())
    path = f"{__name__}.{names()[name]}.{name}"
    try:
        module = import_module(path)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "tuwen":
            raise
        package = "'tuwen[deep]'" if error.name == "torch" else error.name
        raise MissingExtra(f"{name} needs {error.name}; install it with: pip install {package}") from error
    (found,) = (
        value
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, Method) and value.__module__ == path
    )
    return found


def load(folder: Path) -> Method:
    """The method that `Method.save` wrote to a folder.

    Raises:
        Damaged: The folder does not hold a whole method.
        UnknownName: This version has no such method, or the method no such parameter.
    """
    saved = read(Path(folder))
    if saved.name not in names():
        raise unknown(f"method (in {folder})", saved.name, names())
    method = find(saved.name)
    params = {field: saved.params[field] for field in saved.params}
    for field in params:
        if field not in method().params:
            raise unknown(f"parameter of {saved.name} (in {folder})", field, method().params)
    loaded = method(**params)
    loaded.restore(saved.state)
    return loaded
