"""Filters over metadata: a small expression language, parsed and checked, then written as SQL.

    year >= 2010 and 类别 in ('体育', '财经') and not (label like 'draft%')

Nothing of the user's text is pasted into SQL: it is parsed into nodes, and names and values are
written anew, escaped. Logic has three values as in SQL: a comparison with a missing value is neither
true nor false, `!=` and `not` included, so a row that lacks the key is found by `is null` alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tuwen.errors import InputError
from tuwen.filters.nodes import Node, names_in
from tuwen.filters.parser import read
from tuwen.filters.sql import Kind, write
from tuwen.filters.tokens import Fault, tokens

__all__ = ["Filter", "Kind", "parse"]


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed expression.

    Attributes:
        source: The expression as it was written.
        root: The tree of conditions.
    """

    source: str
    root: Node

    @property
    def names(self) -> tuple[str, ...]:
        """The columns and keys it speaks of, each once, in order."""
        return tuple(dict.fromkeys(name.text for name in names_in(self.root)))

    def sql(self, columns: Mapping[str, Kind], metadata_keys: Collection[str] | None = None) -> str:
        """The condition in the SQL that a Lance table filters by.

        Args:
            columns: Name to kind of the table's own columns.
            metadata_keys: Keys of the JSON column `metadata`; None lets any other name be a key.

        Raises:
            UnknownName: A name is neither a column nor a key.
            InputError: A value does not fit the kind of its column.
        """
        try:
            return write(self.root, columns, metadata_keys)
        except Fault as fault:
            raise fault.shown(self.source) from None


def parse(expression: str) -> Filter:
    """Read an expression.

    Comparisons are `= == != <> < <= > >=`, `in (...)`, `not in (...)`, `between a and b`, `like`,
    `contains`, `is null` and `is not null`, joined by `and`, `or`, `not` and parentheses. Strings stand
    in single or double quotes, doubled to mean themselves. A name is a column or a metadata key in any
    script, `metadata.key` always a key, and `` `any name` `` may hold any character. Full-width signs
    and quotation marks are understood.

    Raises:
        InputError: It cannot be read; the message shows the place.
    """
    if not isinstance(expression, str):
        raise InputError(f"a filter is a string such as 'year >= 2010', got {type(expression).__name__}")
    try:
        return Filter(expression, read(tokens(expression)))
    except Fault as fault:
        raise fault.shown(expression) from None
