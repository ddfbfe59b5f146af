"""Settings of methods as they are written: `METHOD.PARAM=VALUE`, each of the kind its field has."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any

from tuwen import methods
from tuwen.errors import InputError, unknown

_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}
#: What both sides of a score are called; everything else of `similarity` is an option.
_SIDES = ("self", "images", "texts")


def parse(texts: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Parameters by method: `["cca.dim=7"]` is `{"cca": {"dim": 7}}`.

    Raises:
        InputError: One is not written as METHOD.PARAM=VALUE, comes twice, or a value is of another kind.
        UnknownName: There is no such method, or it has no such parameter.
    """
    found: dict[str, dict[str, Any]] = {}
    for text in texts:
        method, name, value = _parts(text, "VALUE")
        _put(found, method, name, read(method, name, value))
    return found


def parse_grids(
    texts: Iterable[str], given: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, dict[str, list[Any]]]:
    """Values to try by method and parameter: `["cca.dim=5,7"]` is `{"cca": {"dim": [5, 7]}}`.

    Args:
        texts: As they are written.
        given: What `parse` found: parameters that have a value leave nothing to choose.

    Raises:
        InputError: As `parse`; or fewer than two values are given, or the parameter has one already.
        UnknownName: As `parse`.
    """
    found: dict[str, dict[str, Any]] = {}
    for text in texts:
        method, name, value = _parts(text, "VALUE,VALUE,...")
        values = list(dict.fromkeys(read(method, name, part.strip()) for part in value.split(",")))
        if len(values) < 2:
            raise InputError(f"{text!r} leaves nothing to choose; give several values, or --set {text}")
        if name in (given or {}).get(method, {}):
            raise InputError(
                f"{method}.{name} has one value and several to try; give --set or --tune, not both"
            )
        _put(found, method, name, values)
    return found


def parse_options(texts: Iterable[str]) -> dict[str, dict[str, str]]:
    """Options of scoring by method: `["cmcp.mode=transductive"]`.

    Raises:
        InputError: As `parse`.
        UnknownName: The method has no such option.
    """
    found: dict[str, dict[str, Any]] = {}
    for text in texts:
        method, name, value = _parts(text, "VALUE")
        similarity = methods.find(method).similarity
        options = _options(similarity)
        if name not in options:
            raise unknown(f"option of {method}", name, options)
        hint = typing.get_type_hints(similarity)[name]
        _put(found, method, name, _converted(f"{method}.{name}", value, hint))
    return found


def read(method: str, name: str, value: str) -> Any:
    """One parameter's value from its text, as the field of the method's class is typed.

    Raises:
        InputError: It is of another kind.
        UnknownName: There is no such method or parameter.
    """
    kind = methods.find(method)
    known = [field.name for field in fields(kind)]
    if name not in known:
        raise unknown(f"parameter of {method}", name, known)
    return _converted(f"{method}.{name}", value, typing.get_type_hints(kind)[name])


def check_options(options: Mapping[str, Mapping[str, str]]) -> None:
    """Refuse options that a method's `similarity` does not have.

    Raises:
        UnknownName: It has no such option.
    """
    for method, given in options.items():
        known = _options(methods.find(method).similarity)
        for name in given:
            if name not in known:
                raise unknown(f"option of {method}", name, known)


def _parts(text: str, value: str) -> tuple[str, str, str]:
    place, equals, given = text.partition("=")
    method, dot, name = place.strip().partition(".")
    if not (equals and dot and method and name):
        raise InputError(f"{text!r} is no setting; write METHOD.PARAM={value}, such as cca.dim=7")
    return method, name, given.strip()


def _put(found: dict[str, dict[str, Any]], method: str, name: str, value: Any) -> None:
    if name in found.setdefault(method, {}):
        raise InputError(f"{method}.{name} is given twice; give it once")
    found[method][name] = value


def _options(similarity: Callable[..., Any]) -> list[str]:
    return [name for name in inspect.signature(similarity).parameters if name not in _SIDES]


def _converted(place: str, value: str, hint: Any) -> Any:
    """A value as the first kind of its hint that takes it."""
    union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    kinds = typing.get_args(hint) if union else (hint,)
    if type(None) in kinds and value.lower() in ("", "none"):
        return None
    for kind in kinds:
        if typing.get_origin(kind) is typing.Literal:
            if value in typing.get_args(kind):
                return value
        elif kind is bool:
            if value.lower() in _WORDS:
                return _WORDS[value.lower()]
        elif kind in (int, float, str):
            try:
                return kind(value)
            except ValueError:
                continue
    raise InputError(f"{place} is {value!r}; it must be {' or '.join(_named(kind) for kind in kinds)}")


def _named(kind: Any) -> str:
    if typing.get_origin(kind) is typing.Literal:
        return ", ".join(repr(word) for word in typing.get_args(kind))
    return "none" if kind is type(None) else _KINDS.get(kind, str(kind))
