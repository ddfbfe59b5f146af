"""Reads the tokens of a filter by recursive descent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

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
)
from tuwen.filters.tokens import Fault, Token

_COMPARISONS = {"=": "=", "==": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_MAX_DEPTH = 15  # the SQL parser that reads the result stops at about 50 levels, and ours may take three each


def read(tokens: Sequence[Token]) -> Node:
    """The tree of an expression; `or` binds weakest, then `and`, then `not`.

    Raises:
        Fault: The tokens do not make a condition.
    """
    return _Reader(tokens).whole()


class _Reader:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._next = 0

    def whole(self) -> Node:
        if self._peek().kind == "end":
            raise Fault("it is empty; write a condition such as year >= 2010", 0)
        node = self._either(0)
        if self._peek().kind != "end":
            raise self._expected("`and`, `or` or the end")
        return node

    def _either(self, depth: int) -> Node:
        return self._chain("or", lambda: self._chain("and", lambda: self._negation(depth)))

    def _chain(self, word: Literal["and", "or"], part: Callable[[], Node]) -> Node:
        parts = [part()]
        while self._take(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Joined(word, tuple(parts))

    def _negation(self, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            raise Fault(f"conditions nest more than {_MAX_DEPTH} deep; write it flatter", self._peek().at)
        if self._take("not"):
            return Not(self._negation(depth + 1))
        if self._take("("):
            node = self._either(depth + 1)
            self._need(")")
            return node
        return self._condition()

    def _condition(self) -> Node:
        name = self._name()
        if self._take("is"):
            negated = self._take("not")
            self._need("null")
            return _unless(negated, Missing(name))
        if self._peek().text in _COMPARISONS:
            return Compare(name, _COMPARISONS[self._advance().text], self._constant())
        negated = self._take("not")
        if self._take("in"):
            return _unless(negated, Among(name, self._list()))
        if self._take("between"):
            low = Compare(name, ">=", self._constant())
            self._need("and")
            return _unless(negated, Joined("and", (low, Compare(name, "<=", self._constant()))))
        if self._take("like"):
            return _unless(negated, Like(name, self._string("a pattern in quotes")))
        if self._take("contains"):
            return _unless(negated, Contains(name, self._string("a text in quotes")))
        raise self._expected("a comparison such as =, <, in, like, contains, between or is null")

    def _name(self) -> Name:
        token = self._peek()
        if token.kind != "name":
            raise self._expected("the name of a column or a metadata key")
        self._advance()
        return Name(str(token.value), token.at, token.metadata)

    def _list(self) -> tuple[Constant, ...]:
        self._need("(")
        values = [self._constant()]
        while self._take(","):
            values.append(self._constant())
        self._need(")")
        return tuple(values)

    def _constant(self) -> Constant:
        token = self._peek()
        if token.text in ("true", "false"):
            self._advance()
            return Constant(token.text == "true", token.at)
        if token.text == "null":
            raise Fault("nothing equals null; write `is null` or `is not null`", token.at)
        if token.kind not in ("string", "number"):
            raise self._expected("a value: a number, true, false, or a text in quotes")
        self._advance()
        return Constant(token.value, token.at)

    def _string(self, what: str) -> Constant:
        if self._peek().kind != "string":
            raise self._expected(what)
        return self._constant()

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _advance(self) -> Token:
        self._next += 1
        return self._tokens[self._next - 1]

    def _take(self, text: str) -> bool:
        found = self._peek().text == text
        self._next += found
        return found

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise self._expected(f"`{text}`")

    def _expected(self, what: str) -> Fault:
        token = self._peek()
        got = "the filter ends" if token.kind == "end" else f"got {token.shown}"
        return Fault(f"expected {what}, but {got}", token.at)


def _unless(negated: bool, node: Node) -> Node:
    return Not(node) if negated else node
