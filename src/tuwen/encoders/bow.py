"""Bag of words: how often a text has each term."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.encoders.inputs.fitted_texts import FittedOnTerms


@dataclass(kw_only=True, eq=False)
class Bow(FittedOnTerms):
    """Counts the terms of a text: words (Chinese by jieba, English beside), or runs of characters.

    The text feature of the early papers on cross-modal retrieval (Salton, Wong & Yang: A Vector Space
    Model for Automatic Indexing, CACM 1975). A text without any known term is a zero row.

    Args:
        binary: Whether a term is there, rather than how often.
    """

    binary: bool = False

    runtime = "NumPy"

    def _learn_terms(self, texts: list[str], counts: Array) -> None:
        """The vocabulary is all there is to learn."""

    def _encode_texts(self, texts: Sequence[str]) -> Array:
        counts: Array = self._counts(texts).toarray()
        return (counts > 0).astype(np.float32) if self.binary else counts
