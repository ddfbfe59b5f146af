"""What methods say of themselves: a row each, and all about one."""

from __future__ import annotations

import inspect
import re
import textwrap
import typing
from dataclasses import dataclass, fields
from typing import Any

from tuwen import methods
from tuwen.errors import MissingExtra, unknown
from tuwen.methods import Coder, Hasher, Method, Paper

# parameters that mean the same in all methods, which need not say it again
_EVERYWHERE = {
    "seed": "Of all that is drawn by chance.",
    "dim": "Width of the common space.",
    "bits": "Length of a code, a multiple of 8.",
}
_ENTRY = re.compile(r"^ {4}(\w+): (.*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A method, for people.

    Attributes:
        name: In the registry.
        family: Of methods.
        gives: `vectors`, `bits` or `scores`.
        needs_labels: Whether it learns from classes.
        needs_pairs: Whether it learns from pairs; else images and texts may be apart.
        transductive: Whether it can also score given items all together, as its paper did.
        fuses: Whether it can code an item from both of its modalities.
        text: What it does.
        parameters: Name, type, default and meaning of each.
        paper: Where it was published.
    """

    name: str
    family: str
    gives: str
    needs_labels: bool
    needs_pairs: bool
    transductive: bool
    fuses: bool
    text: str
    parameters: list[dict[str, Any]]
    paper: Paper

    @property
    def learns_from(self) -> str:
        """What it learns from, in words."""
        words = (["pairs"] if self.needs_pairs else ["items"]) + (["labels"] if self.needs_labels else [])
        return ", ".join(words)

    @property
    def example(self) -> str:
        """A command line."""
        width = next((row for row in self.parameters if row["parameter"] in ("bits", "dim")), None)
        chosen = f" --{width['parameter']} {width['default']}" if width else ""
        labels = " --labels class" if self.needs_labels else ""
        return f"tuwen fit {self.name} --pairs captions.csv{labels}{chosen} -o fitted"

    def to_dict(self) -> dict[str, Any]:
        """The row of a table."""
        return {
            "method": self.name,
            "family": self.family,
            "gives": self.gives,
            "learns_from": self.learns_from,
            "needs_labels": self.needs_labels,
            "transductive": self.transductive,
            "fuses": self.fuses,
            "year": self.paper.year,
            "paper": self.paper.title,
            "about": " ".join(self.text.partition("\n\n")[0].split()),
        }

    def details(self) -> dict[str, Any]:
        """What one method says beyond its row."""
        return {
            "text": self.text,
            "parameters": self.parameters,
            "authors": self.paper.authors,
            "venue": self.paper.venue,
            "url": self.paper.url,
            "example": self.example,
        }


def table(family: str | None = None) -> list[About]:
    """All methods, or those of a family, by family and name, but for those that `absent` lists.

    Raises:
        UnknownName: There is no such family.
    """
    known = methods.names()
    if family is not None and family not in known.values():
        raise unknown("family of methods", family, set(known.values()))
    rows = []
    for name in sorted(known, key=lambda name: (known[name], name)):
        if family is None or known[name] == family:
            try:
                rows.append(about(name))
            except MissingExtra:
                continue
    return rows


def absent() -> dict[str, str]:
    """The methods that need something which is not installed, and what to do."""
    found = {}
    for name in methods.names():
        try:
            methods.find(name)
        except MissingExtra as error:
            found[name] = str(error)
    return found


def about(name: str) -> About:
    """All about one method.

    Raises:
        UnknownName: There is no such method.
        MissingExtra: It needs an optional dependency.
    """
    kind = methods.find(name)
    text, meanings = _taken_apart(inspect.getdoc(kind) or "")
    gives = "bits" if issubclass(kind, Hasher) else "vectors" if issubclass(kind, Coder) else "scores"
    return About(
        name=name,
        family=methods.names()[name],
        gives=gives,
        needs_labels=kind.needs_labels,
        needs_pairs=kind.needs_pairs,
        transductive=bool(getattr(kind, "transductive", False)),
        fuses=bool(getattr(kind, "fuses", False)),
        text=text,
        parameters=_parameters(kind, meanings),
        paper=kind.paper,
    )


def _parameters(kind: type[Method], meanings: dict[str, str]) -> list[dict[str, Any]]:
    """Name, type, default and meaning; what a base explains counts as well."""
    hints = typing.get_type_hints(kind)
    for base in kind.__mro__[1:]:
        if base is not object and base.__doc__:
            meanings = _taken_apart(inspect.cleandoc(base.__doc__))[1] | meanings
    meanings = _EVERYWHERE | meanings
    return [
        {
            "parameter": field.name,
            "type": _named(hints[field.name]),
            "default": field.default,
            "meaning": meanings.get(field.name, ""),
        }
        for field in sorted(fields(kind), key=lambda field: field.name == "seed")
    ]


def _named(hint: Any) -> str:
    """A type in words."""
    if typing.get_origin(hint) is typing.Literal:
        return " or ".join(map(str, typing.get_args(hint)))
    if options := typing.get_args(hint):
        return " or ".join(_named(option) for option in options)
    words = {int: "whole number", float: "number", bool: "true or false", str: "text", type(None): "none"}
    return words.get(hint, str(hint))


def _taken_apart(doc: str) -> tuple[str, dict[str, str]]:
    """What a docstring says before its arguments, and what each argument means."""
    text, _, rest = doc.partition("\nArgs:\n")
    text = text.partition("\nAttributes:\n")[0]
    meanings: dict[str, str] = {}
    name = ""
    for line in rest.splitlines():
        if line and not line.startswith(" "):
            break
        if found := _ENTRY.match(line):
            name = found[1]
            meanings[name] = found[2]
        elif name and line.strip():
            meanings[name] += " " + line.strip()
    return textwrap.dedent(text).strip(), meanings
