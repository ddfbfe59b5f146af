"""The words that tags are chosen from: a list, or a tree by indentation or `animal/dog`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tuwen.arrays import Array
from tuwen.data.lines import encoding_of, fault_of, read_lines
from tuwen.errors import InputError
from tuwen.records import Refusal

_COMMAS = re.compile(r"[,，、]")


@dataclass(frozen=True, slots=True)
class Label:
    """A tag.

    Attributes:
        name: As it is given out; unique, whatever its case and width.
        words: What stands for it in prompts, in any language.
        parent: Place of the label above it; -1 for none.
    """

    name: str
    words: tuple[str, ...]
    parent: int = -1


class _Entry(NamedTuple):
    """A label as somebody wrote it."""

    place: str  # where it stands, for messages
    depth: int  # columns of indentation
    path: tuple[str, ...]
    words: tuple[str, ...]


@dataclass(frozen=True)
class Vocabulary:
    """Labels, parents before their children.

    Attributes:
        labels: In the order in which they were written.
        refusals: What was left out of them, and why.
    """

    labels: tuple[Label, ...]
    refusals: tuple[Refusal, ...] = field(default=(), compare=False)

    @classmethod
    def read(cls, path: str | Path) -> Vocabulary:
        """Read a file with a label a line, in any usual encoding.

        A line is `name`, `above/name`, or `name = words, more words`: then these stand for it in prompts
        instead of the name. A line that is indented more than the one before stands below it.

        Raises:
            InputError: The file cannot be read, or has no label.
        """
        path = Path(path)
        return cls._made(_lines(path), str(path))

    @classmethod
    def of(cls, names: Iterable[str], source: str = "the list of labels") -> Vocabulary:
        """Labels from names, each as a line of a file.

        Raises:
            InputError: There are none.
        """
        return cls._made((_entry(f"label {n}", name) for n, name in enumerate(names, 1)), source)

    @classmethod
    def known(cls, names: Iterable[str]) -> Vocabulary:
        """The labels that items bear, each once, in alphabetical order; `animal/dog` is below animal."""
        plain = (_entry("the labelled items", name, words=False) for name in sorted(set(names)))
        return cls._made(plain, "the labelled items")

    @classmethod
    def _made(cls, entries: Iterable[_Entry | Refusal], source: str) -> Vocabulary:
        builder = _Builder(source)
        for entry in entries:
            if isinstance(entry, Refusal):
                builder.refusals.append(entry)
            else:
                builder.add(entry)
        builder.part_words()
        if not builder.labels:
            first = f"; the first of {len(builder.refusals)} left out: {builder.refusals[0].reason}"
            raise InputError(
                f"{source} has no label{first if builder.refusals else ''}; write one a line, such as dog"
            )
        return cls(tuple(builder.labels), tuple(builder.refusals))

    @property
    def names(self) -> list[str]:
        """Names in order."""
        return [label.name for label in self.labels]

    @property
    def leaves(self) -> Array:
        """Places of the labels with none below them, (l,)."""
        above = {label.parent for label in self.labels}
        return np.array([n for n in range(len(self.labels)) if n not in above], dtype=np.int64)

    @property
    def deep(self) -> bool:
        """Whether any label stands below another."""
        return any(label.parent >= 0 for label in self.labels)

    def place(self, name: str) -> int | None:
        """The place of a label of this name, or of this path, whatever its case; None when there is none."""
        found = self._places.get(_key(name.rpartition("/")[2]))
        if found is None or "/" not in name:
            return found
        return found if _key(f"/{self.path(found)}").endswith(_key(f"/{name}")) else None

    def chain(self, place: int) -> list[int]:
        """A label and all above it, upwards."""
        found = []
        while place >= 0:
            found.append(place)
            place = self.labels[place].parent
        return found

    def path(self, place: int) -> str:
        """The names from the top down, `animal/dog`."""
        return "/".join(self.labels[one].name for one in reversed(self.chain(place)))

    @cached_property
    def _places(self) -> dict[str, int]:
        return {_key(label.name): n for n, label in enumerate(self.labels)}


class _Builder:
    """Labels so far."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.labels: list[Label] = []
        self.refusals: list[Refusal] = []
        self._place: dict[str, int] = {}
        self._where: list[str] = []
        self._written: set[int] = set()  # not only named as the one above another
        self._open: list[tuple[int, int]] = []  # depth and place of the lines above

    def add(self, entry: _Entry) -> None:
        """Take an entry, with what it names above itself."""
        while self._open and self._open[-1][0] >= entry.depth:
            self._open.pop()
        above = self._open[-1][1] if self._open else -1
        for name in entry.path[:-1]:
            above = self._placed(entry, name, above, written=False)
        self._open.append((entry.depth, self._placed(entry, entry.path[-1], above, written=True)))

    def _placed(self, entry: _Entry, name: str, above: int, *, written: bool) -> int:
        """The place of a name below another: a new one, or that which has the name already."""
        words = entry.words if written else ()
        found = self._place.get(_key(name))
        if found is None:
            self._place[_key(name)] = found = len(self.labels)
            self.labels.append(Label(name, words or (_spoken(name),), above))
            self._where.append(entry.place)
        elif self.labels[found].parent != above:
            there, here = self._under(self.labels[found].parent), self._under(above)
            self._refuse(
                "contradiction",
                entry.place,
                f"{name!r} stands {there} at {self._where[found]} and {here} here; a label has one place",
            )
            return found
        elif written and found in self._written:
            self._refuse("duplicate", entry.place, f"{name!r} stands at {self._where[found]} already")
        elif written:
            self.labels[found] = Label(self.labels[found].name, words or self.labels[found].words, above)
        if written:
            self._written.add(found)
        return found

    def part_words(self) -> None:
        """Leave out a lowest label whose words are all another's: nothing tells the two apart."""
        above = {label.parent for label in self.labels}
        owner: dict[frozenset[str], int] = {}
        gone = set()
        for n, label in enumerate(self.labels):
            if n in above:
                continue
            words = frozenset(map(_key, label.words))
            if words in owner:
                gone.add(n)
                other = self.labels[owner[words]].name
                self._refuse(
                    "contradiction",
                    self._where[n],
                    f"{label.name!r} and {other!r} have the same words, so nothing tells them apart",
                )
            owner.setdefault(words, n)
        new = {old: n for n, old in enumerate(n for n in range(len(self.labels)) if n not in gone)}
        self.labels = [
            Label(self.labels[old].name, self.labels[old].words, new.get(self.labels[old].parent, -1))
            for old in new
        ]

    def _under(self, place: int) -> str:
        return f"below {self.labels[place].name!r}" if place >= 0 else "at the top"

    def _refuse(self, code: str, place: str, reason: str) -> None:
        self.refusals.append(Refusal(item=place, code=code, reason=f"{place}: {reason}", source=self.source))


def _lines(path: Path) -> Iterator[_Entry | Refusal]:
    for number, line in read_lines(path, encoding_of(path)):
        place = f"{path.name}:{number}"
        if fault := fault_of(line):
            yield Refusal(item=place, code=fault.code, reason=f"{place}: {fault.reason}", source=str(path))
        else:
            yield _entry(place, line)


def _entry(place: str, written: str, *, words: bool = True) -> _Entry | Refusal:
    """What a line or a name says; without `words`, an equals sign is part of the name."""
    text = written.expandtabs(4).replace("\u3000", "  ")
    name, _, listed = text.partition("=") if words else (text, "", "")
    path = tuple(" ".join(part.split()) for part in name.split("/"))
    said = tuple(" ".join(part.split()) for part in _COMMAS.split(listed))
    if not text.strip():
        return Refusal(item=place, code="empty", reason=f"{place}: the line is empty")
    if not all(path):
        return Refusal(
            item=place, code="no-name", reason=f"{place}: {written.strip()!r} lacks a name; write above/name"
        )
    return _Entry(place, len(text) - len(text.lstrip()), path, tuple(filter(None, said)))


def _spoken(name: str) -> str:
    """A name as one would say it: `Science_and_technology` has blanks."""
    return name.replace("_", " ")


def _key(name: str) -> str:
    """What names have in common that differ in case, width or blanks alone."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def below(vocabulary: Vocabulary) -> Array:
    """Which labels stand below which or are the same, (c, c) bool: `[n, m]` when m is on the chain of n."""
    found = np.zeros((len(vocabulary.labels),) * 2, dtype=bool)
    for n in range(len(vocabulary.labels)):
        found[n, vocabulary.chain(n)] = True
    return found
