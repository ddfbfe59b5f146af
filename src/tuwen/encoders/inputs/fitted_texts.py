"""What encoders that learn from texts share: how words are cut, and vocabularies."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from tuwen.arrays import Array
from tuwen.encoders.fitted import Fitted
from tuwen.encoders.inputs.terms import Terms, pack, unpack
from tuwen.encoders.inputs.words import Words, read_lines
from tuwen.errors import InputError


@dataclass(kw_only=True, eq=False)
class FittedOnTexts(Fitted):
    """An encoder that learns from texts cut to words.

    The lines of its dictionary and of its stop words are saved with it, not where they stood.

    Attributes:
        dictionary: A user dictionary of jieba, a word a line.
        stop: Words to leave out, a word a line.
        blank: Texts so far in which nothing was known; they got a zero row.
    """

    dictionary: Path | None = None
    stop: Path | None = None

    modalities = frozenset({"text"})
    extra: ClassVar[str] = "classic"
    languages = ("zh", "en")
    blank = 0

    @property
    def params(self) -> dict[str, Any]:
        """The constructor arguments, without files that may not be there tomorrow."""
        return {name: None if isinstance(value, Path) else value for name, value in super().params.items()}

    @cached_property
    def words(self) -> Words:
        """Cuts a text to words as this encoder does."""
        return Words(unpack(self.dictionary_), unpack(self.stop_))

    @abstractmethod
    def _learn(self, texts: list[str]) -> None:
        """Learn from at least one text."""

    def _fit(self, items: Sequence[Any]) -> None:
        for item in items:
            if not isinstance(item, str):
                raise InputError(f"{self.name} learns from texts; one of them is a {type(item).__name__}")
        self._read_lists()
        self._learn(list(items))

    def _read_lists(self) -> None:
        """Take in the lines of both files, or keep those of an earlier fit."""
        self.__dict__.pop("words", None)
        if self.dictionary is not None or not hasattr(self, "dictionary_"):
            self.dictionary_ = pack(read_lines(self.dictionary, "dictionary") if self.dictionary else [])
        if self.stop is not None or not hasattr(self, "stop_"):
            self.stop_ = pack(read_lines(self.stop, "list of stop words") if self.stop else [])

    def _settle(self) -> None:
        super()._settle()
        arrays = [value for value in self.state.values() if isinstance(value, np.ndarray)]
        self.parameters = sum(array.size for array in arrays if array.dtype.kind == "f")


@dataclass(kw_only=True, eq=False)
class FittedOnTerms(FittedOnTexts):
    """An encoder whose vectors come from how often a text has the terms of a learned vocabulary.

    Attributes:
        units: What terms are made of: "words" or "characters".
        shortest: Least units in a term.
        longest: Most units in a term.
        features: Most terms; the commonest are taken.
        min_count: Terms that stand in fewer texts are left out.
        max_share: Terms that stand in a larger share of the texts are left out.
    """

    units: str = "words"
    shortest: int = 1
    longest: int = 1
    features: int = 5000
    min_count: int = 1
    max_share: float = 1.0

    batch_size = 256

    def __post_init__(self) -> None:
        super().__post_init__()
        Terms(self.units, self.shortest, self.longest, Words())
        if self.features < 1 or self.min_count < 1 or not 0 < self.max_share <= 1:
            raise InputError(
                f"features is {self.features}, min_count {self.min_count} and max_share {self.max_share}; "
                "needed are at least 1, at least 1, and a share above 0 up to 1"
            )

    @abstractmethod
    def _learn_terms(self, texts: list[str], counts: Array) -> None:
        """Learn from texts; term i of the vocabulary stands in counts[i] of them."""

    @cached_property
    def terms(self) -> Terms:
        """Cuts a text to terms as this encoder does."""
        return Terms(self.units, self.shortest, self.longest, self.words)

    @cached_property
    def vocabulary(self) -> list[str]:
        """The learned terms, one a column of the counts."""
        return unpack(self.vocabulary_)

    @cached_property
    def columns(self) -> dict[str, int]:
        """The column of each term."""
        return {term: column for column, term in enumerate(self.vocabulary)}

    def _learn(self, texts: list[str]) -> None:
        for name in ("terms", "vocabulary", "columns"):
            self.__dict__.pop(name, None)
        found, counts = self.terms.vocabulary(
            texts, most=self.features, min_count=self.min_count, max_share=self.max_share
        )
        self.vocabulary_ = pack(found)
        self._learn_terms(texts, counts)

    def _counts(self, texts: Sequence[str]) -> Any:
        """How often each text has each term, sparse (n, terms); texts without any are counted."""
        counts = self.terms.count(texts, self.columns)
        self.blank += int((np.diff(counts.indptr) == 0).sum())
        return counts

    def _width(self) -> int:
        return len(self.vocabulary)
