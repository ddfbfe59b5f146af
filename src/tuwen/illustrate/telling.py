"""Who does what to whom in headlines and in the library's texts, as vectors."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from tuwen.arrays import Array
from tuwen.illustrate.base import Library
from tuwen.illustrate.cache import Cache, key_of
from tuwen.illustrate.spaces import TextSpace, digest_of
from tuwen.triples.base import Extractor, Triple
from tuwen.triples.rules import Rules
from tuwen.triples.similarity import Told, similarity, tell

_LONGEST = 80  # characters of an article that may be its title
_END = re.compile(r"[。！？!?\n]|\.\s")


class Telling:
    """The triples of a library's texts, ready to be compared with those of headlines.

    Triples are sought in what stands for an item's title: its text up to the end of the first sentence.

    Args:
        library: With texts.
        space: Makes vectors of entities, relations and whole texts.
        extractor: Finds triples.
        cache: Keeps what the rules found; of another extractor nothing tells when it has changed.
    """

    def __init__(self, library: Library, space: TextSpace, extractor: Extractor, cache: Cache) -> None:
        self._space, self._extractor = space, extractor
        self._known = library.has("text")
        kept = cache if isinstance(extractor, Rules) else Cache(None)
        rules = extractor.fingerprint if isinstance(extractor, Rules) else ""
        key = key_of("triples", rules, space.encoder.fingerprint, digest_of(library, "text"))
        found = kept.arrays(key, lambda: _arrays(self._tell(library.texts)))
        self._told = Told(found["texts"], found["entities"], found["relations"], found["complete"])

    def scores(self, text: str) -> tuple[Array, bool]:
        """How alike a headline and the library's texts are, (n,), and whether it has a triple itself.

        NaN where there is no text. A headline without a whole triple is compared by the whole texts.
        """
        told = self._tell([text])
        scores = similarity(told, self._told)[0]
        return np.where(self._known, scores, np.nan).astype(np.float32), bool(told.complete[0])

    @property
    def complete(self) -> int:
        """How many of the library's texts have a triple of which nothing is missing."""
        return int(self._told.complete.sum())

    def _tell(self, texts: Sequence[str]) -> Told:
        rows = [row for row, text in enumerate(texts) if text]
        triples: list[list[Triple]] = [[] for _ in texts]
        found = self._extractor.extract([title_of(texts[row]) for row in rows])
        for row, one in zip(rows, found, strict=True):
            triples[row] = one
        return tell(list(texts), triples, self._space.encode)


def title_of(text: str) -> str:
    """A text up to the end of its first sentence."""
    start = text.strip()[:_LONGEST]
    end = _END.search(start)
    return start[: end.start()] if end is not None and end.start() > 0 else start


def _arrays(told: Told) -> dict[str, Array]:
    return {
        "texts": told.texts, "entities": told.entities, "relations": told.relations,
        "complete": told.complete,
    }  # fmt: skip
