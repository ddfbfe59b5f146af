"""How well clusters agree with the true ones: B-cubed, and clusters that are exactly right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError


@dataclass(frozen=True, slots=True)
class ClusterFigures:
    """Agreement of clusters with true entities.

    Attributes:
        items: Items that count: those whose entity is known.
        b3_precision: B-cubed: mean over items of the share of its cluster that is of its entity, itself
            included (Bagga & Baldwin 1998).
        b3_recall: Mean over items of the share of its entity that is in its cluster.
        found: Clusters of two or more items.
        true: Entities of two or more items.
        exact: Clusters of two or more that are exactly an entity.
    """

    items: int
    b3_precision: float
    b3_recall: float
    found: int
    true: int
    exact: int

    @property
    def b3_f1(self) -> float:
        """Harmonic mean of both B-cubed figures."""
        return _harmonic(self.b3_precision, self.b3_recall)

    @property
    def precision(self) -> float:
        """Share of the clusters that are exactly an entity; items alone are no clusters."""
        return self.exact / max(self.found, 1)

    @property
    def recall(self) -> float:
        """Share of the entities that are found whole and alone."""
        return self.exact / max(self.true, 1)

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        return _harmonic(self.precision, self.recall)


def cluster_figures(found: Array, true: Array) -> ClusterFigures:
    """Compare clusters with entities.

    Args:
        found: (n,) cluster of each item.
        true: (n,) entity of each item; below 0 where it is not known: such an item counts nowhere.

    Raises:
        InputError: Both do not align.
    """
    found, true = np.asarray(found), np.asarray(true)
    if found.shape != true.shape or found.ndim != 1:
        raise InputError(f"clusters have shape {found.shape} and entities {true.shape}; one each an item")
    known = true >= 0
    if not known.any():
        return ClusterFigures(0, 0.0, 0.0, 0, 0, 0)
    _, cluster = np.unique(found[known], return_inverse=True)
    _, entity = np.unique(true[known], return_inverse=True)
    items = len(cluster)
    cells, common = np.unique(cluster.astype(np.int64) * (entity.max() + 1) + entity, return_counts=True)
    of_cluster, of_entity = np.bincount(cluster), np.bincount(entity)
    rows, columns = np.divmod(cells, entity.max() + 1)
    precision = float((common**2 / of_cluster[rows]).sum() / items)
    recall = float((common**2 / of_entity[columns]).sum() / items)
    exact = (common == of_cluster[rows]) & (common == of_entity[columns]) & (common > 1)
    return ClusterFigures(
        items, precision, recall, int((of_cluster > 1).sum()), int((of_entity > 1).sum()), int(exact.sum())
    )


def _harmonic(one: float, other: float) -> float:
    return 2 * one * other / (one + other) if one + other else 0.0
