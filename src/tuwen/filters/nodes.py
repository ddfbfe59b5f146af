"""What a filter is made of: names, values and conditions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Name:
    """A column or a metadata key, and where it stands in the expression."""

    text: str
    at: int
    metadata: bool = False  # written as `metadata.key`: a key even where a column has the same name


@dataclass(frozen=True, slots=True)
class Constant:
    """A value, and where it stands in the expression."""

    value: Value
    at: int


@dataclass(frozen=True, slots=True)
class Compare:
    """`name = value` and its kin; `op` is one of = != < <= > >=."""

    name: Name
    op: str
    constant: Constant


@dataclass(frozen=True, slots=True)
class Among:
    """`name in (values)`."""

    name: Name
    constants: tuple[Constant, ...]


@dataclass(frozen=True, slots=True)
class Like:
    r"""`name like pattern`: % is any text, _ any one character, \% and \_ are themselves."""

    name: Name
    pattern: Constant


@dataclass(frozen=True, slots=True)
class Contains:
    """`name contains text`: the text stands in the value, or is one element of a list."""

    name: Name
    constant: Constant


@dataclass(frozen=True, slots=True)
class Missing:
    """`name is null`."""

    name: Name


@dataclass(frozen=True, slots=True)
class Not:
    """`not condition`."""

    condition: Node


@dataclass(frozen=True, slots=True)
class Joined:
    """Conditions joined by `and` or by `or`."""

    word: Literal["and", "or"]
    conditions: tuple[Node, ...]


Node = Compare | Among | Like | Contains | Missing | Not | Joined


def names_in(node: Node) -> Iterator[Name]:
    """Every name of a tree, from left to right."""
    match node:
        case Joined():
            for condition in node.conditions:
                yield from names_in(condition)
        case Not():
            yield from names_in(node.condition)
        case _:
            yield node.name
