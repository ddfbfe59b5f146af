"""What a triple is, and what everything that extracts triples shares."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tuwen.errors import InputError


class Triple(NamedTuple):
    """Who does what to whom, in the words of a text.

    Attributes:
        subject: The first entity.
        relation: What stands between the two.
        object: The second entity; empty where the text has none.
    """

    subject: str
    relation: str
    object: str

    @property
    def complete(self) -> bool:
        """Whether none of the three is missing."""
        return all(part.strip() for part in self)


class Extractor(ABC):
    """Finds the triples of texts. A subclass writes `_extract` for one text, or for many."""

    def extract(self, texts: Sequence[str]) -> list[list[Triple]]:
        """The triples of each text, the most telling first; none of a text that says nothing.

        Raises:
            InputError: A text is no string.
        """
        if isinstance(texts, str):
            raise InputError("texts is one string; pass a list of strings")
        texts = list(texts)
        for place, text in enumerate(texts):
            if not isinstance(text, str):
                raise InputError(f"text {place} is a {type(text).__name__}; texts must be strings")
        return self._extract(texts)

    @abstractmethod
    def _extract(self, texts: list[str]) -> list[list[Triple]]:
        """The triples of each of some strings."""


def first_complete(triples: Iterable[Triple]) -> Triple | None:
    """The first triple of which nothing is missing, or None."""
    return next((triple for triple in triples if triple.complete), None)
