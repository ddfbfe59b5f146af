"""Every encoder, found by its file name: `encoders/mini.py` is `"mini"`."""

from __future__ import annotations

import inspect
import os
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from tuwen.encoders.base import Encoder
from tuwen.errors import InputError, MissingExtra, Unavailable, UnknownName, unknown

if TYPE_CHECKING:
    from tuwen.encoders.opening.spec import Spec

__all__ = ["Encoder", "find", "load", "located", "names"]

_PARTS = {"base", "callables", "fitted"}
_HUBS = ("hub", "modelscope")


@cache
def names() -> tuple[str, ...]:
    """The encoders there are, from the folder listing; imports none of them."""
    files = Path(__file__).parent.glob("[!_]*.py")
    return tuple(sorted(path.stem for path in files if path.stem not in _PARTS))


def find(name: str) -> type[Encoder]:
    """The class behind a name, importing only its own file.

    Raises:
        UnknownName: No encoder has this name.
        MissingExtra: It needs an optional dependency.
    """
    if name not in names():
        raise unknown("encoder", name, names())
    path = f"{__name__}.{name}"
    try:
        module = import_module(path)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "tuwen":
            raise
        raise MissingExtra(f"{name} needs {error.name}; install it with: pip install {error.name}") from error
    found = [
        value
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, Encoder) and value.__module__ == path
    ]
    return found[0]


def load(spec: str | Path) -> Encoder:
    """The encoder of this name; who asks again while one is in use gets the same.

    Args:
        spec: A registry name (`mini`), a known model (`cn-clip-vit-b-16`), a folder or file, a hub id
            (`owner/name`, `modelscope:owner/name`), with the family in front where it cannot be told
            (`vision:vgg16.pth`), and with options behind (`,layer=fc6`).

    Raises:
        UnknownName: Nothing has this name, or there is no such option.
        InputError: What was found is no encoder, or it cannot be opened.
        MissingExtra: It needs an optional dependency.
    """
    from tuwen.encoders.opening import spec as language

    parsed = language.parse(os.fspath(spec), (*names(), *_HUBS))
    if not parsed.family and parsed.target in names():
        return _by_name(parsed)
    path = Path(parsed.target)
    # what was opened is large; a folder that was written anew is another encoder
    key = (str(parsed), str(Path.cwd()), _changed(path))
    if (made := _opened.get(key)) is None:
        made = _opened[key] = _by_place(parsed)
    return made


_named: dict[str, Encoder] = {}
_opened: WeakValueDictionary[tuple[str, str, int], Encoder] = WeakValueDictionary()


def _by_name(parsed: Spec) -> Encoder:
    from tuwen.encoders.opening.spec import convert

    kind = find(parsed.target)
    if kind.needs not in ("", "fitting"):
        raise InputError(f"{parsed.target} needs {kind.needs}: write {parsed.target}:PATH")
    if str(parsed) in _named:
        return _named[str(parsed)]
    made = kind(**convert(parsed.options, kind))
    made.name = str(parsed)
    if kind.needs != "fitting":  # each of those is fitted on something else
        _named[made.name] = made
    return made


def _changed(path: Path) -> int:
    """When a file, or the newest file right in a folder, was changed; 0 when there is none."""
    try:
        files = [path, *path.iterdir()] if path.is_dir() else [path]
        return max(file.stat().st_mtime_ns for file in files)
    except OSError:
        return 0


def _by_place(parsed: Spec) -> Encoder:
    if parsed.family == "concat":
        from tuwen.encoders.concat import Concat

        return Concat.open(parsed.target)  # as it stands: a path would lose the dot of ./mini
    if parsed.family == "stored":
        return _open(parsed.family, Path(parsed.target), parsed)
    known, path = located(parsed)
    family = parsed.family if parsed.family in names() else known
    if not family:
        from tuwen.encoders.opening import kept
        from tuwen.encoders.opening.detect import family_of

        if kept.is_kept(path):
            return kept.open_kept(path, parsed.options)

        family = family_of(path)
    return _open(family, path, parsed)


def _open(family: str, path: Path, parsed: Spec) -> Encoder:
    from dataclasses import replace

    from tuwen.encoders.opening.spec import convert

    kind = find(family)
    options = convert(parsed.options, kind.open)
    made = kind.open(path, **options)
    target = os.path.abspath(parsed.target) if Path(parsed.target).exists() else parsed.target  # noqa: PTH100
    # what names a file means the same one from every folder
    named = {
        key: os.path.abspath(value) if isinstance(options[key], Path) else value  # noqa: PTH100
        for key, value in parsed.options.items()
    }
    made.name = str(replace(parsed, target=target, options=named))
    return made


def located(parsed: Spec) -> tuple[str, Path]:
    """The family, where it is known, and the folder or file that a spec means; downloads when it must."""
    from tuwen.encoders.opening import hub, known

    target = parsed.target
    if parsed.family in _HUBS:
        return "", hub.fetch(target, source=parsed.family)
    if Path(target).exists():
        return "", Path(target).absolute()
    if (model := known.resolve(target)) is not None:
        return model.family, hub.fetch(model.hub)
    if hub.is_id(target):
        try:
            return "", hub.fetch(target)
        except Unavailable as missing:
            if not Path(target).parent.is_dir():
                raise
            raise Unavailable(
                f"there is no folder {target} here; and as a model on a hub, {missing}"
            ) from missing
    if len(Path(target).parts) > 1 or Path(target).suffix:
        raise InputError(f"there is no folder or file {target}, which should be an encoder")
    error: UnknownName = unknown("encoder", target, (*names(), *known.names()))
    raise error
