"""TF-IDF: terms of a text, the rarer the weightier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.encoders.inputs.fitted_texts import FittedOnTerms


@dataclass(kw_only=True, eq=False)
class Tfidf(FittedOnTerms):
    """Weighs each term's count by how few texts have it: log((1 + n) / (1 + n_term)) + 1.

    Equal to scikit-learn's smoothed weights (Salton & Buckley: Term-weighting Approaches in Automatic
    Text Retrieval, Information Processing & Management 1988). A text without any known term is a zero
    row.

    Args:
        sublinear: Take 1 + log(count) for the count, so that a word said ten times is not ten times
            the word.
    """

    features: int = 10_000
    sublinear: bool = True

    runtime = "NumPy"

    def _learn_terms(self, texts: list[str], counts: Array) -> None:
        self.idf_ = (np.log((1 + len(texts)) / (1 + counts)) + 1).astype(np.float32)

    def _encode_texts(self, texts: Sequence[str]) -> Array:
        counts = self._counts(texts)
        if self.sublinear:
            counts.data = 1 + np.log(counts.data)
        counts.data *= self.idf_[counts.indices]
        return np.asarray(counts.toarray())
