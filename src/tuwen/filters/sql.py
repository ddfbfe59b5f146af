"""Writes a filter as SQL for one Lance table."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from tuwen.errors import unknown
from tuwen.filters.nodes import (
    Among,
    Compare,
    Constant,
    Contains,
    Joined,
    Like,
    Missing,
    Name,
    Node,
    Not,
    Value,
)
from tuwen.filters.tokens import Fault

Kind = Literal["string", "int", "float", "bool"]
_Form = Literal["text", "number", "whole", "truth"]  # how both sides of a comparison are written

_FITS: dict[Kind, tuple[_Form, ...]] = {
    "string": ("text",),
    "int": ("number",),
    "float": ("number",),
    "bool": ("truth",),
}
_HINTS: dict[Kind, str] = {
    "string": "holds text; write the value in quotes",
    "int": "holds whole numbers; write a number without quotes",
    "float": "holds numbers; write a number without quotes",
    "bool": "holds true or false; compare it with = true or = false",
}


def write(node: Node, columns: Mapping[str, Kind], metadata_keys: Collection[str] | None) -> str:
    """The tree as SQL.

    Raises:
        UnknownName: A name is neither a column nor, where `metadata_keys` is given, one of those.
        Fault: A value does not fit its column.
    """
    return _Writer(columns, metadata_keys).write(node)


class _Writer:
    def __init__(self, columns: Mapping[str, Kind], metadata_keys: Collection[str] | None) -> None:
        self._columns = columns
        self._keys = metadata_keys

    def write(self, node: Node) -> str:
        match node:
            case Joined():
                return f"({f' {node.word} '.join(self.write(part) for part in node.conditions)})"
            case Not():
                return f"(not {self.write(node.condition)})"
            case Missing():
                return f"({self._presence(node.name)} is null)"
            case Compare():
                return self._compared(node.name, node.op, [node.constant])
            case Among():
                return self._among(node)
            case Like():
                column, _ = self._operand(node.name, [node.pattern])
                return f"({column} like {_quoted(_pattern(str(node.pattern.value)))})"
            case Contains():
                return self._contains(node)

    def _compared(self, name: Name, op: str, constants: Sequence[Constant]) -> str:
        """`name op value`, or `name in (values)`; the values are of one form."""
        if isinstance(constants[0].value, bool) and op not in ("=", "!=", "in"):
            raise Fault(f"true and false have no order, so {op} does not apply", constants[0].at)
        left, form = self._operand(name, constants)
        right = ", ".join(_constant(constant.value, form) for constant in constants)
        return f"({left} {op} ({right}))" if op == "in" else f"({left} {op} {right})"

    def _among(self, node: Among) -> str:
        forms: dict[_Form, list[Constant]] = {}
        for constant in node.constants:
            forms.setdefault(_form(constant.value), []).append(constant)
        return f"({' or '.join(self._compared(node.name, 'in', group) for group in forms.values())})"

    def _contains(self, node: Contains) -> str:
        column, _ = self._operand(node.name, [node.constant])
        value = _quoted(str(node.constant.value))
        if self._kind(node.name) is not None:
            return f"contains({column}, {value})"
        # a list has no text, so the second is asked for lists alone; it calls a missing list false,
        # and the third makes that unknown
        inside = f"json_array_contains(metadata, {_json_path(node.name.text)}, {value})"
        missing = f"nullif({self._presence(node.name)} is null, true)"
        return f"(coalesce(contains({column}, {value}), {inside}) or {missing})"

    def _operand(self, name: Name, constants: Sequence[Constant]) -> tuple[str, _Form]:
        """The column or key, cast so that it compares with the constants, and the form they then take."""
        form = _form(constants[0].value)
        kind = self._kind(name)
        if kind is None:
            return (_json_number(name.text), form) if form == "number" else (_json_text(name.text), "text")
        if form not in _FITS[kind]:
            raise Fault(f"column {name.text} {_HINTS[kind]}", constants[0].at)
        column = _identifier(name.text)
        if kind == "float":
            return f"nullif({column}, {_NAN})", form  # in SQL, NaN is larger than every number
        if kind == "int":
            # the table refuses a constant that the column's own type cannot hold
            small = all(isinstance(c.value, int) and 0 <= c.value < 2**31 for c in constants)
            return (column, "whole") if small else (f"cast({column} as double)", "number")
        return column, form

    def _presence(self, name: Name) -> str:
        """An expression that is null exactly where the value is missing."""
        if self._kind(name) is not None:
            return _identifier(name.text)
        return f"nullif(json_extract(metadata, {_json_path(name.text)}), 'null')"

    def _kind(self, name: Name) -> Kind | None:
        """The kind of a column; None for a metadata key."""
        if not name.metadata and name.text in self._columns:
            return self._columns[name.text]
        if self._keys is not None and name.text not in self._keys:
            raise unknown("column or metadata key", name.text, {*self._columns, *self._keys})
        return None


_NAN = "cast('NaN' as double)"


def _form(value: Value) -> _Form:
    if isinstance(value, bool):
        return "truth"
    return "text" if isinstance(value, str) else "number"


def _constant(value: Value, form: _Form) -> str:
    if form == "number":
        return repr(float(value))
    if isinstance(value, bool):
        return _quoted(str(value).lower()) if form == "text" else str(value).lower()
    return _quoted(value) if isinstance(value, str) else str(value)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _json_path(key: str) -> str:
    return _quoted("$." + json.dumps(key, ensure_ascii=False))


def _json_text(key: str) -> str:
    """The value of a metadata key as text; null when it is missing, null, a list or an object.

    `json_get_string` fails the whole query on lists and objects. For them, and only for them, the key
    asked for gets a control character that no key ends with, so that it is missing.
    """
    first = f"left(json_extract(metadata, {_json_path(key)}), 1)"
    mark = f"translate({first}, '[{{\"tfn-0123456789', '\x01\x01')"
    return f"json_get_string(metadata, concat({_quoted(key)}, {mark}))"


def _json_number(key: str) -> str:
    """The value of a metadata key as a number; null when it is not one. Text that reads as one counts."""
    return f"nullif(try_cast({_json_text(key)} as double), {_NAN})"


def _pattern(pattern: str) -> str:
    r"""A LIKE pattern in which a backslash that escapes nothing is itself, as the database asks."""
    return re.sub(r"\\([%_\\])|\\", lambda found: found[0] if found[1] else r"\\", pattern)
