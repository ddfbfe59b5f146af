"""Kernel cluster canonical correlation analysis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.methods.base import Paper
from tuwen.methods.classes import ClassCorrelation, check_classes, pair_covariances
from tuwen.methods.lifted import Kernelled


@dataclass(kw_only=True, eq=False)
class KClusterCCA(Kernelled, ClassCorrelation):
    """Correlates every image of a class with every text of it, in the feature space of a kernel.

    Exact where rows are at most `anchors`; above that, Nyström's approximation by random rows. With
    `kernel="linear"` it is `cluster_cca`.
    Re-derived: no code of the authors is public.

    Args:
        ridge: Added to the diagonals of both covariances there; the explicit features have variances far
            below one, so that it weighs more than without a kernel.
    """

    paper = Paper(
        "Cluster canonical correlation analysis",
        "Rasiwasia, Mahajan, Mahadevan, Aggarwal",
        "AISTATS",
        2014,
        "https://proceedings.mlr.press/v33/rasiwasia14.html",
    )

    ridge: float = 1e-3

    def __post_init__(self) -> None:
        Kernelled.__post_init__(self)
        ClassCorrelation.__post_init__(self)

    def _learn(self, images: Array, texts: Array, labels: Array) -> tuple[Array, Array, Array]:
        check_classes(self, labels)
        return *self._lifted(images, texts), labels.astype(np.float64)

    def _covariances(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array, Array]:
        return pair_covariances(x, y, labels, np.eye(labels.shape[1]))

    def _transform(self, features: Array, modality: Modality) -> Array:
        return Kernelled._transform(self, features, modality)
