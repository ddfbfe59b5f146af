"""Heterogeneous similarity by nearest neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array, Modality, unit_rows
from tuwen.errors import InputError
from tuwen.methods.base import Method, Paper
from tuwen.methods.classes import check_classes, standards

_CELLS = 2**24  # of a block of similarities


@dataclass(kw_only=True, eq=False)
class HSNN(Method):
    """Scores a pair by the probability that both are of one class, each judged by its training neighbours.

    An item's probability of a class is the share of its neighbours' similarities that falls to the class.
    Similarities are cosines of standardised features, standardised again for each training item, so that
    none is everyone's neighbour. Fit keeps the training features; a score needs all of them.

    Args:
        neighbours: How many vote.
        released: Leave the nearest of them out, as the authors' code does also for new items.
    """

    paper = Paper(
        "Effective heterogeneous similarity measure with nearest neighbors for cross-media retrieval",
        "Zhai, Peng, Xiao",
        "MMM",
        2012,
        "https://github.com/PKU-ICST-MIPL/HSNN_MMM2012",
    )
    needs_labels = True

    neighbours: int = 30
    released: bool = False

    def __post_init__(self) -> None:
        if self.neighbours < 2:
            raise InputError(f"neighbours is {self.neighbours}; it must be at least 2")

    def _fit(self, images: Array, texts: Array, labels: Array) -> None:
        check_classes(self, labels)
        self.moments_ = standards(images, texts)
        self.labels_ = labels
        self.units_: dict[str, Array] = {}
        self.cosines_: dict[str, Array] = {}
        sides: tuple[tuple[Modality, Array], ...] = (("image", images), ("text", texts))
        for modality, features in sides:
            units = self._units(features, modality)
            # mean and deviation of each column of the cosines, without the matrix
            mean = units.astype(np.float64) @ units.mean(axis=0, dtype=np.float64)
            square = np.einsum("ij,ij->i", units @ (units.T @ units / len(units)), units, dtype=np.float64)
            deviation = np.sqrt(np.maximum(square - mean**2, 1e-12))
            self.units_[modality] = units
            self.cosines_[modality] = np.stack([mean, deviation]).astype(np.float32)

    def similarity(self, images: Array, texts: Array) -> Array:
        """Probabilities of a common class, (n_images, n_texts); negative votes can carry them below 0."""
        votes = self._votes(self._check(images, "image"), "image")
        return np.asarray(votes @ self._votes(self._check(texts, "text"), "text").T, dtype=np.float32)

    def _units(self, features: Array, modality: Modality) -> Array:
        mean, deviation = self.moments_[modality]
        return unit_rows((features - mean) / deviation)

    def _votes(self, features: Array, modality: Modality) -> Array:
        """Probabilities of the classes, (n, n_classes)."""
        units, train = self._units(features, modality), self.units_[modality]
        mean, deviation = self.cosines_[modality]
        votes = np.empty((len(units), self.labels_.shape[1]))
        k, step = min(self.neighbours, len(train)), max(_CELLS // len(train), 1)
        for start in range(0, len(units), step):
            scores = (units[start : start + step] @ train.T - mean) / deviation
            near = np.argpartition(-scores, k - 1, axis=1)[:, :k]
            weights = np.take_along_axis(scores, near, axis=1).astype(np.float64)
            if self.released:
                weights[np.arange(len(weights)), weights.argmax(axis=1)] = 0
            weights /= np.maximum(np.abs(weights).sum(axis=1, keepdims=True), 1e-12)
            votes[start : start + step] = np.einsum("nk,nkc->nc", weights, self.labels_[near])
        return votes
