"""The words and signs of a filter, and faults that know their place."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from tuwen.errors import InputError
from tuwen.filters.nodes import Value

_WORDS = frozenset(["and", "or", "not", "in", "like", "contains", "is", "null", "between", "true", "false"])
_QUOTES = {"'": "'", '"': '"', "“": "”", "‘": "’", "「": "」"}
# typed with a Chinese keyboard; inside quotes they stay what they are
_SIGNS = str.maketrans("（），＝＜＞！＋－．", "(),=<>!+-.")
_SIGN = re.compile(r"==|!=|<>|<=|>=|[=<>(),]")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])", re.ASCII)
_NAME = re.compile(r"[^\W\d]\w*(?:\.\w+)*")
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
_METADATA = "metadata."


@dataclass(frozen=True, slots=True)
class Token:
    """One word or sign.

    Attributes:
        kind: What it is; `end` stands once, after the last.
        text: The word or sign, in lower case; empty for names, strings and numbers.
        at: Index of its first character.
        shown: It as written, for messages.
        value: The name, or the value of a string or number.
        metadata: For a name: it was written as `metadata.name`.
    """

    kind: Literal["word", "sign", "name", "string", "number", "end"]
    text: str
    at: int
    shown: str
    value: Value = ""
    metadata: bool = False


class Fault(Exception):
    """Something is wrong at a place; becomes an `InputError` that shows it."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at

    def shown(self, source: str) -> InputError:
        """The error for people: the message, the line, and a caret under the place."""
        start = source.rfind("\n", 0, self.at) + 1
        line = source[start:].split("\n", 1)[0]
        before = line[: self.at - start]
        # Chinese characters are two columns wide
        columns = sum(1 + (unicodedata.east_asian_width(character) in "WF") for character in before)
        return InputError(f"filter: {self}\n  {line}\n  {' ' * columns}^")


def tokens(source: str) -> list[Token]:
    """The tokens of an expression, an `end` last.

    Raises:
        Fault: A character belongs to nothing, or a quotation mark is not closed.
    """
    plain = source.translate(_SIGNS)
    found = []
    at = 0
    while at < len(source):
        if source[at].isspace():
            at += 1
            continue
        token, at = _token(source, plain, at)
        found.append(token)
    return [*found, Token("end", "", len(source), "the end")]


def _token(source: str, plain: str, at: int) -> tuple[Token, int]:
    """The token that begins at `at`, and where the next may begin."""
    if source[at] in _QUOTES:
        value, end = _quoted(source, at, _QUOTES[source[at]])
        return Token("string", "", at, source[at:end], value), end
    if source[at] == "`":
        return _name(source, at, at)
    if found := _NUMBER.match(plain, at):
        return Token("number", "", at, found[0], _number(found[0], at)), found.end()
    if found := _SIGN.match(plain, at):
        return Token("sign", found[0], at, source[at : found.end()]), found.end()
    if found := _NAME.match(source, at):
        word = found[0].lower()
        if word in _WORDS:
            return Token("word", word, at, found[0]), found.end()
        if word == "metadata" and source[found.end() : found.end() + 2] == ".`":
            return _name(source, at, found.end() + 1)
        metadata = found[0].startswith(_METADATA)
        text = found[0].removeprefix(_METADATA)
        return Token("name", "", at, found[0], text, metadata), found.end()
    if source[at] == ";":
        raise Fault("a filter is one condition; `;` has no meaning", at)
    raise Fault(f"{source[at]!r} has no meaning here; quote texts as 'text' and odd names as `name`", at)


def _name(source: str, at: int, tick: int) -> tuple[Token, int]:
    """A name in backquotes that open at `tick`; `metadata.` may stand before them."""
    text, end = _quoted(source, tick, "`")
    if not text:
        raise Fault("a name cannot be empty", at)
    return Token("name", "", at, source[at:end], text, tick > at), end


def _quoted(source: str, at: int, closing: str) -> tuple[str, int]:
    """The text in quotes that open at `at`, a doubled closing quote read as one, and the index behind."""
    parts = []
    start = at + 1
    while (end := source.find(closing, start)) >= 0:
        parts.append(source[start:end])
        if source[end + 1 : end + 2] != closing:
            text = "".join(parts)
            if _UNWRITABLE.search(text):
                raise Fault("NUL and lone surrogate characters cannot stand in a filter", at)
            return text, end + 1
        parts.append(closing)
        start = end + 2
    raise Fault(f"the quotation mark {source[at]} is not closed", at)


def _number(text: str, at: int) -> int | float:
    try:
        return int(text)
    except ValueError:
        value = float(text)
    if value in (float("inf"), float("-inf")):
        raise Fault(f"the number {text} is too large", at)
    return value
