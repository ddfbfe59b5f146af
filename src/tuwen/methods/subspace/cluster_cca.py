"""Cluster canonical correlation analysis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.methods.base import Paper
from tuwen.methods.classes import ClassCorrelation, pair_covariances


@dataclass(kw_only=True, eq=False)
class ClusterCCA(ClassCorrelation):
    """Correlates every image of a class with every text of it.

    The pairs are never listed: sums over classes give the same covariances in time linear in the rows.
    """

    paper = Paper(
        "Cluster canonical correlation analysis",
        "Rasiwasia, Mahajan, Mahadevan, Aggarwal",
        "AISTATS",
        2014,
        "https://proceedings.mlr.press/v33/rasiwasia14.html",
    )

    def _covariances(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array, Array]:
        return pair_covariances(x, y, labels, np.eye(labels.shape[1]))
