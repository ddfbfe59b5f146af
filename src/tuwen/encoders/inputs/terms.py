"""Terms of texts, words or runs of characters, and how often each text has those of a vocabulary."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tuwen.arrays import Array
from tuwen.encoders.inputs.words import Words, normal
from tuwen.errors import InputError, unknown

UNITS = ("words", "characters")
_SPACE = re.compile(r"\s+")
_PRUNE_AT = 5_000_000  # candidate terms kept at once while a vocabulary is learned


class Terms:
    """Cuts texts to terms: n-grams of words, or of characters.

    Words stand beside each other with a space between. Characters are those of the text in lower case
    and one Unicode form, with runs of blanks as one space: they need no dictionary, in any language.

    Args:
        units: "words" or "characters".
        shortest: Least units in a term.
        longest: Most units in a term.
        words: How words are cut.

    Raises:
        UnknownName: There is no such unit.
        InputError: The lengths do not fit.
    """

    def __init__(self, units: str, shortest: int, longest: int, words: Words) -> None:
        if units not in UNITS:
            raise unknown("unit", units, UNITS)
        if not 1 <= shortest <= longest:
            raise InputError(
                f"shortest is {shortest} and longest {longest}; needed is 1 <= shortest <= longest"
            )
        self._units, self._shortest, self._longest, self._words = units, shortest, longest, words

    def cut(self, text: str) -> list[str]:
        """The terms of a text; a term comes as often as the text has it."""
        if self._units == "characters":
            text = _SPACE.sub(" ", normal(text)).strip()
            return [
                text[start : start + length]
                for length in range(self._shortest, self._longest + 1)
                for start in range(len(text) - length + 1)
            ]
        words = self._words.cut(text)
        if self._longest == 1:
            return words
        return [
            " ".join(words[start : start + length])
            for length in range(self._shortest, self._longest + 1)
            for start in range(len(words) - length + 1)
        ]

    def vocabulary(
        self, texts: Iterable[str], *, most: int, min_count: int, max_share: float
    ) -> tuple[list[str], Array]:
        """The commonest terms of texts, in order of their characters, and in how many texts each stands.

        Args:
            texts: The texts; read once.
            most: How many terms at most.
            min_count: Terms of fewer texts are left out.
            max_share: Terms of a larger share of the texts are left out.

        Raises:
            InputError: No term is left.
        """
        found: Counter[str] = Counter()
        count = 0
        for text in texts:
            found.update(set(self.cut(text)))
            count += 1
            if len(found) > _PRUNE_AT:  # what is rare so far would hardly be among the commonest
                floor = sorted(found.values())[len(found) // 2]
                found = Counter({term: times for term, times in found.items() if times > floor})
        kept = [(-times, term) for term, times in found.items() if min_count <= times <= max_share * count]
        if not kept:
            raise InputError(
                f"no term of the {count} texts stands in at least {min_count} of them and in at most "
                f"{max_share:.0%}; lower min_count, raise max_share, or give more texts"
            )
        terms = sorted(term for _, term in sorted(kept)[:most])
        return terms, np.array([found[term] for term in terms], dtype=np.int64)

    def count(self, texts: Sequence[str], columns: Mapping[str, int]) -> Any:
        """How often each text has each term, a sparse (n, terms) matrix of float32 in CSR form.

        Args:
            texts: The texts.
            columns: The column of each term; other terms are passed over.
        """
        from scipy.sparse import csr_matrix

        # scikit-learn's counter checks the whole vocabulary at each call, longer than one query takes
        found = [
            Counter(column for term in self.cut(text) if (column := columns.get(term)) is not None)
            for text in texts
        ]
        starts = np.concatenate([[0], np.cumsum([len(counts) for counts in found])]).astype(np.int64)
        places = np.array([column for counts in found for column in sorted(counts)], dtype=np.int64)
        values = np.array([counts[column] for counts in found for column in sorted(counts)], dtype=np.float32)
        return csr_matrix((values, places, starts), shape=(len(found), len(columns)))


def pack(words: Sequence[str]) -> Array:
    """Words as bytes, a line each, for an array file: short words take no more room for one long one."""
    return np.frombuffer("\n".join(words).encode("utf-8", "surrogatepass"), dtype=np.uint8)


def unpack(packed: Array) -> list[str]:
    """The reverse of `pack`, for at least one word."""
    return np.asarray(packed, dtype=np.uint8).tobytes().decode("utf-8", "surrogatepass").split("\n")
