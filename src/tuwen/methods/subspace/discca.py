"""Discriminative canonical correlation analysis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.methods.base import Paper
from tuwen.methods.classes import ClassCorrelation


@dataclass(kw_only=True, eq=False)
class DisCCA(ClassCorrelation):
    """Maximises the correlation of pairs within classes and minimises that of pairs between classes.

    Of centred features the sums over all pairs cancel, so both goals are one: the cross-covariance becomes
    that of the sums of classes, while each modality keeps its own covariance.
    """

    paper = Paper(
        "A supervised combined feature extraction method for recognition",
        "Sun, Chen, Yang, Shi",
        "ICDM",
        2008,
        "",
    )

    def _covariances(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array, Array]:
        # divided by the size of a class, so that values are correlations and large classes do not rule
        means = labels / np.sqrt(labels.sum(axis=0))
        n = len(x)
        return x.T @ x / n, (means.T @ x).T @ (means.T @ y) / n, y.T @ y / n
