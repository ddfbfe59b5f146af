"""Semantic correlation matching."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.classes import ClassSpace, logistic, posteriors
from tuwen.methods.linear import canonical, check_rank


@dataclass(kw_only=True, eq=False)
class SCM(ClassSpace):
    """Projects both modalities to correlated directions, then compares probabilities of classes.

    Canonical correlation analysis of standardised features, then one multinomial logistic regression a
    modality on its projections. The hashing method of the same letters is `scm_hash`.

    Args:
        dim: Correlated directions; at most the smaller rank of the two sides.
        ridge: Added to the diagonals of both covariances.
        strength: Weight of the loss against half the squared weights (C of scikit-learn).
    """

    paper = Paper(
        "A new approach to cross-modal multimedia retrieval",
        "Rasiwasia, Costa Pereira, Coviello, Doyle, Lanckriet, Levy, Vasconcelos",
        "ACM Multimedia",
        2010,
        "https://doi.org/10.1145/1873951.1873987",
    )
    needs_labels = True

    dim: int = 8
    ridge: float = 1e-6
    strength: float = 30.0

    def __post_init__(self) -> None:
        if self.dim < 1:
            raise InputError(f"dim is {self.dim}; it must be at least 1")

    def _fit(self, images: Array, texts: Array, labels: Array) -> None:
        x, y, labels = self._learn(images, texts, labels)
        u, v, correlations = canonical(x, y, self.ridge)
        check_rank(self, "dim", len(correlations), "no more directions correlate at all")
        self.bases_ = {"image": u[:, : self.dim], "text": v[:, : self.dim]}
        self.weights_ = {
            "image": logistic(x @ self.bases_["image"], labels, self.strength),
            "text": logistic(y @ self.bases_["text"], labels, self.strength),
        }

    def _transform(self, features: Array, modality: Modality) -> Array:
        projected = self._standard(features, modality) @ self.bases_[modality]
        return np.asarray(posteriors(projected, self.weights_[modality]))
