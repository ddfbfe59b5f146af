"""Semantic matching."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.classes import ClassSpace, logistic, posteriors
from tuwen.methods.kernels import mean_squared_distance, nystrom_root, rbf, signed_roots


@dataclass(kw_only=True, eq=False)
class SM(ClassSpace):
    """Describes each item by how probable every class is, and compares these probabilities.

    One multinomial logistic regression a modality, on standardised features; pairs are not needed to agree
    beyond their labels. Published with `kernel="linear"` and `match="cosine"`; with a Gaussian kernel it is
    kernel logistic regression over Nyström features of random rows (Zhu and Hastie, Journal of Computational
    and Graphical Statistics, 2005), whose cost is linear in the rows.

    Args:
        strength: Weight of the loss against half the squared weights (C of scikit-learn); lower it for wide
            features and few rows.
        match: `cosine` of the probabilities, or the `probability` that both are of one class, which ranks
            items that are sure of their class first. Two more columns then make vectors of length one.
        kernel: `linear`, or Gaussian (`rbf`).
        anchors: Rows that stand for all in the kernel; memory is 8 bytes for each row and anchor.
        spread: Variance of the Gaussian, in half the mean squared distance of rows.
        roots: Take square roots of features first, with their signs: for histograms and topics, whose
            distance is then Hellinger's.
        standardise: Scale each feature to deviation one.
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
    match: Literal["cosine", "probability"] = "cosine"
    kernel: Literal["linear", "rbf"] = "linear"
    anchors: int = 1000
    spread: float = 0.5
    roots: bool = False
    standardise: bool = True

    def __post_init__(self) -> None:
        if self.anchors < 1 or self.spread <= 0:
            raise InputError(f"anchors is {self.anchors} and spread {self.spread}; both must be above 0")

    def _fit(self, images: Array, texts: Array, labels: Array) -> None:
        x, y, labels = self._learn(self._rooted(images), self._rooted(texts), labels)
        if not self.standardise:
            for moment in self.moments_.values():
                moment[1] = 1
            x, y = self._prepared(images, "image"), self._prepared(texts, "text")
        self.columns_ += 2 * (self.match == "probability")
        self.anchors_: dict[str, Array] = {}
        self.roots_: dict[str, Array] = {}
        self.variances_: dict[str, float] = {}
        self.weights_: dict[str, Array] = {}
        sides: tuple[tuple[Modality, Array], ...] = (("image", x), ("text", y))
        for modality, side in sides:
            if self.kernel == "rbf":
                self._anchor(side, modality)
            self.weights_[modality] = logistic(self._lifted(side, modality), labels, self.strength)

    def _anchor(self, x: Array, modality: Modality) -> None:
        """Choose the rows and the width of the kernel."""
        rows = np.sort(np.random.default_rng(self.seed).permutation(len(x))[: self.anchors])
        self.anchors_[modality] = x[rows]
        self.variances_[modality] = self.spread * mean_squared_distance(x) / 2
        self.roots_[modality] = nystrom_root(rbf(x[rows], x[rows], self.variances_[modality]))

    def _rooted(self, features: Array) -> Array:
        return signed_roots(features) if self.roots else features

    def _prepared(self, features: Array, modality: Modality) -> Array:
        return self._standard(self._rooted(features), modality)

    def _lifted(self, x: Array, modality: Modality) -> Array:
        if self.kernel == "linear":
            return x
        return np.asarray(rbf(x, self.anchors_[modality], self.variances_[modality]) @ self.roots_[modality])

    def _transform(self, features: Array, modality: Modality) -> Array:
        lifted = self._lifted(self._prepared(features, modality), modality)
        values = posteriors(lifted, self.weights_[modality])
        if self.match == "cosine":
            return values
        # what is lacking to length one goes to a column that the other modality leaves empty
        rest = np.zeros((len(values), 2))
        rest[:, int(modality == "text")] = np.sqrt(np.maximum(1 - (values**2).sum(axis=1), 0))
        return np.hstack([values, rest])
