"""Triples from elsewhere: of any callable, such as a trained extractor, or of a file."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tuwen.errors import InputError
from tuwen.records import Refusal
from tuwen.triples.base import Extractor, Triple

#: Gives the triples of each text: anything with three parts, or a mapping with their names.
Function = Callable[[list[str]], Iterable[Iterable[Any]]]

_NAMES = (
    ("subject", "head", "s", "e1"),
    ("relation", "predicate", "type", "r", "p"),
    ("object", "tail", "o", "e2"),
)
_LISTS = ("triples", "spo_list", "relations")


class Called(Extractor):
    """An extractor that is any callable: texts in, a list of triples for each out.

    Args:
        function: Called with a list of texts. A triple may be three strings in a row, or a mapping with
            the names subject, relation (or predicate) and object (or head, type and tail).
    """

    def __init__(self, function: Function) -> None:
        self._function = function

    def _extract(self, texts: list[str]) -> list[list[Triple]]:
        if not texts:
            return []
        found = [[triple_of(value) for value in values] for values in self._function(texts)]
        if len(found) != len(texts):
            raise InputError(
                f"the extractor gave triples of {len(found)} texts, but was asked for {len(texts)}"
            )
        return found


class Recorded(Extractor):
    """Triples that a file holds, looked up by their text.

    Attributes:
        texts: How many texts the file has.
        refusals: Lines that could not be read, with the reason.
        missed: Texts asked for that the file does not have; they got no triples.
    """

    def __init__(self, triples: Mapping[str, Sequence[Triple]], refusals: Sequence[Refusal] = ()) -> None:
        self._triples: dict[str, list[Triple]] = {}
        for text, found in triples.items():
            self._triples.setdefault(_key(text), []).extend(found)
        self.refusals = list(refusals)
        self.missed = 0

    @property
    def texts(self) -> int:
        """How many texts the file has."""
        return len(self._triples)

    @classmethod
    def open(cls, path: str | Path) -> Recorded:
        """Read JSON lines: `{"text": ..., "triples": [[subject, relation, object], ...]}`, or DuIE's format.

        A line that cannot be read becomes a refusal; a text that stands on two lines has the triples of both.

        Raises:
            InputError: The file cannot be read, or no line of it is such an object.
        """
        path = Path(path)
        triples: dict[str, list[Triple]] = {}
        refusals = []
        try:
            lines = path.read_text(encoding="utf-8-sig").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path} cannot be read ({error}); give JSON lines in UTF-8") from error
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                text, found = _line(line)
            except InputError as error:
                refusals.append(
                    Refusal(
                        item=f"{path.name}:{number}", code="bad-triples", reason=str(error), source=str(path)
                    )
                )
                continue
            triples.setdefault(text, []).extend(found)
        if not triples:
            why = refusals[0].reason if refusals else "the file is empty"
            raise InputError(f"{path} holds no triples: {why}")
        return cls(triples, refusals)

    def _extract(self, texts: list[str]) -> list[list[Triple]]:
        keys = [_key(text) for text in texts]
        self.missed += sum(key not in self._triples for key in keys)
        return [list(self._triples.get(key, ())) for key in keys]


def triple_of(value: Any) -> Triple:
    """A triple of three strings in a row, or of a mapping; None stands for a part that is missing.

    Raises:
        InputError: It is neither.
    """
    if isinstance(value, Mapping):
        parts = [next((value[name] for name in names if name in value), None) for names in _NAMES]
        # DuIE has several values of an object, of which @value is the object itself
        parts = [part.get("@value") if isinstance(part, Mapping) else part for part in parts]
    elif isinstance(value, list | tuple) and len(value) == 3:
        parts = list(value)
    else:
        parts = []
    if not any(parts) or not all(part is None or isinstance(part, str) for part in parts):
        raise InputError(f"{_short(value)} is no triple; give three strings: subject, relation, object")
    subject, relation, object_ = (part or "" for part in parts)
    return Triple(subject, relation, object_)


def _line(line: str) -> tuple[str, list[Triple]]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"it is not JSON ({error})") from error
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise InputError('it has no "text"; a line is {"text": ..., "triples": [[..., ..., ...]]}')
    found = next((value[name] for name in _LISTS if name in value), None)
    if not isinstance(found, list):
        raise InputError('it has no list of "triples"')
    return value["text"], [triple_of(part) for part in found]


def _key(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
