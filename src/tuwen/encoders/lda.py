"""LDA: what share each learned topic has in a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tuwen.arrays import Array
from tuwen.encoders.inputs.fitted_texts import FittedOnTerms
from tuwen.errors import InputError


@dataclass(kw_only=True, eq=False)
class Lda(FittedOnTerms):
    """Topics of a text by latent Dirichlet allocation (Blei, Ng & Jordan, JMLR 2003).

    Learned by online variational Bayes (Hoffman, Blei & Bach, NIPS 2010) over counts of terms. Ten
    topics are the text feature of the Wikipedia set (Rasiwasia et al., ACM MM 2010). With `unit=False`
    a row is the shares, which add up to one; a text without any known term is a zero row.

    Args:
        topics: How many topics.
        passes: Times the texts are gone through.
        seed: Of the first topics.
    """

    min_count: int = 2
    max_share: float = 0.5
    topics: int = 10
    passes: int = 10
    seed: int = 0

    runtime = "scikit-learn"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.topics < 2 or self.passes < 1:
            raise InputError(f"topics is {self.topics} and passes {self.passes}; needed are 2 and 1 at least")

    def _learn_terms(self, texts: list[str], counts: Array) -> None:
        self.__dict__.pop("_model", None)
        model = self._unfitted()
        model.fit(self.terms.count(texts, self.columns))
        # the pseudo-counts of each term in each topic, (topics, terms)
        self.components_ = model.components_.astype(np.float32)

    def _unfitted(self) -> Any:
        from sklearn.decomposition import LatentDirichletAllocation

        return LatentDirichletAllocation(
            self.topics, learning_method="online", max_iter=self.passes, random_state=self.seed
        )

    @cached_property
    def _model(self) -> Any:
        """The model as far as inference needs it, made from the saved counts: equal after each load."""
        from scipy.special import psi

        model = self._unfitted()
        counts = self.components_.astype(np.float64)
        model.components_ = counts
        model.exp_dirichlet_component_ = np.exp(psi(counts) - psi(counts.sum(axis=1, keepdims=True)))
        model.doc_topic_prior_ = 1 / self.topics
        model.n_features_in_ = counts.shape[1]
        return model

    def _encode_texts(self, texts: Sequence[str]) -> Array:
        counts = self._counts(texts).astype(np.float64)
        shares: Array = self._model.transform(counts)
        shares[np.diff(counts.indptr) == 0] = 0
        return shares

    def _width(self) -> int:
        return self.topics
