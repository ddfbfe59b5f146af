"""Semantic matching."""

from __future__ import annotations

from dataclasses import dataclass

from tuwen.arrays import Array, Modality
from tuwen.methods.base import Paper
from tuwen.methods.classes import ClassSpace, logistic, posteriors


@dataclass(kw_only=True, eq=False)
class SM(ClassSpace):
    """Describes each item by how probable every class is, and compares these probabilities.

    One multinomial logistic regression a modality, on standardised features; pairs are not needed to agree
    beyond their labels.

    Args:
        strength: Weight of the loss against half the squared weights (C of scikit-learn); lower it for wide
            features and few rows.
    """

    paper = Paper(
        "A new approach to cross-modal multimedia retrieval",
        "Rasiwasia, Costa Pereira, Coviello, Doyle, Lanckriet, Levy, Vasconcelos",
        "ACM Multimedia",
        2010,
        "https://doi.org/10.1145/1873951.1873987",
    )
    needs_labels = True

    strength: float = 30.0

    def _fit(self, images: Array, texts: Array, labels: Array) -> None:
        x, y, labels = self._learn(images, texts, labels)
        self.weights_ = {
            "image": logistic(x, labels, self.strength),
            "text": logistic(y, labels, self.strength),
        }

    def _transform(self, features: Array, modality: Modality) -> Array:
        return posteriors(self._standard(features, modality), self.weights_[modality])
