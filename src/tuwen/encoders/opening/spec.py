"""How an encoder is named: `mini`, `hog,cells=8`, `models/cn-clip`, `vision:vgg16.pth,layer=fc6`."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, is_dataclass
from pathlib import Path
from typing import Any

from tuwen.errors import InputError, UnknownName, unknown

_OPTION = re.compile(r",\s*([A-Za-z_]\w*)\s*=([^,]*)$")
_FAMILY = re.compile(r"([A-Za-z]\w+):")  # two letters at least: C:\ is a drive
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class Spec:
    """A name taken apart.

    Attributes:
        family: What stood before the colon, or empty.
        target: A registry name, a known short name, a path, a hub id, or what the family makes of it.
        options: As given, in their order.
    """

    family: str
    target: str
    options: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        family = f"{self.family}:" if self.family else ""
        return family + self.target + "".join(f",{key}={value}" for key, value in self.options.items())


def parse(text: str, families: Iterable[str]) -> Spec:
    """Take `[FAMILY:]TARGET[,key=value]...` apart.

    A path that is there is never taken apart, whatever commas it has.

    Raises:
        UnknownName: There is no such family.
        InputError: It is empty, an address, or names an option twice.
    """
    rest, options = text.strip(), list[tuple[str, str]]()
    family, rest = _family(rest, tuple(families))
    # the parts of a concatenation have options of their own
    while family != "concat" and (found := _OPTION.search(rest)) and not _is_there(rest):
        options.append((found.group(1), found.group(2).strip()))
        rest = rest[: found.start()].rstrip()
    if not rest and family:
        raise InputError(f"{text!r} names nothing behind the colon; write {family}:PATH")
    if not rest:
        raise InputError(f"an encoder is missing: got {text!r}; name one, such as mini, or a folder or file")
    if len(dict(options)) < len(options):
        raise InputError(f"{text!r} gives an option twice")
    return Spec(family, rest, dict(reversed(options)))


def _family(text: str, families: tuple[str, ...]) -> tuple[str, str]:
    """What stands before a colon, when it is no part of a path, and the rest."""
    match = _FAMILY.match(text)
    if match is None or (match.group(1) not in families and _is_there(text)):
        return "", text
    family, rest = match.group(1), text[match.end() :].lstrip()
    if rest.startswith("//"):
        raise InputError(
            f"{text} is an address; name a model by its id on a hub, such as OFA-Sys/chinese-clip-rn50, "
            "or download it and name its folder"
        )
    if family not in families:
        raise unknown("family of encoders", family, families)
    return family, rest


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # too long for a path, or with a null
        return False


def convert(options: dict[str, str], function: Callable[..., Any]) -> dict[str, Any]:
    """The options as the types that the function's keyword arguments are annotated with.

    Raises:
        UnknownName: The function has no such option.
        InputError: A value is not of the type.
    """
    parameters = inspect.signature(function).parameters
    accepted = [
        name
        for name, parameter in parameters.items()
        if name not in ("self", "cls", "path") and parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    # what takes any option refuses them in its own words
    anything = not accepted and len(parameters) > len({"self", "cls", "path"} & set(parameters))
    # a dataclass inherits fields whose types are written in the words of another file
    plain = inspect.isclass(function) and not is_dataclass(function)
    hints = typing.get_type_hints(function.__init__ if plain else function)
    made = {}
    for key, value in options.items():
        if key not in accepted and not anything:
            if not accepted:
                raise UnknownName(f"no option named {key!r}; this encoder has none")
            raise unknown("option", key, accepted)
        made[key] = _converted(key, value, hints.get(key, str))
    return made


def _converted(key: str, value: str, hint: Any) -> Any:
    """One value: the first type of a union that takes it; text for anything else."""
    options = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    if type(None) in options and value.lower() in ("", "none"):
        return None
    for kind in options:
        try:
            if kind is bool:
                return _WORDS[value.lower()]
            if kind in (int, float, Path):
                return kind(value)
            if typing.get_origin(kind) is typing.Literal:
                if value in typing.get_args(kind):
                    return value
                continue
            if kind is str:
                return value
        except (ValueError, KeyError):
            continue
    raise InputError(f"option {key} is {value!r}; it must be {_named(options)}")


def _named(options: Iterable[Any]) -> str:
    names = []
    for kind in options:
        if typing.get_origin(kind) is typing.Literal:
            names += [str(value) for value in typing.get_args(kind)]
        elif kind is not type(None):
            word = {bool: "true or false", int: "a whole number", float: "a number", Path: "a path"}.get(kind)
            names.append(word or "text")
    return " or ".join(names)
