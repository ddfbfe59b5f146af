"""Multi-label canonical correlation analysis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.classes import ClassCorrelation, pair_covariances
from tuwen.methods.kernels import squared_distances

_GROUPS = 10_000  # of which the likeness is an (n, n) matrix: 800 MB


@dataclass(kw_only=True, eq=False)
class MLCCA(ClassCorrelation):
    """Correlates every image with every text, the more the closer their label vectors are.

    The weight of a pair is exp(-d² / (2 · spread²)), d the distance of the label vectors. Rows of the same
    labels form a group, and only groups are compared.

    Args:
        spread: Distance of label vectors at which a pair counts little; two single labels differ by √2.
    """

    paper = Paper(
        "Multi-label cross-modal retrieval",
        "Ranjan, Rasiwasia, Jawahar",
        "ICCV",
        2015,
        "https://doi.org/10.1109/ICCV.2015.466",
    )

    spread: float = 0.5

    def _covariances(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array, Array]:
        groups, places = np.unique(labels, axis=0, return_inverse=True)
        if len(groups) > _GROUPS:
            raise InputError(
                f"labels have {len(groups)} different rows; MLCCA compares at most {_GROUPS}: fit on "
                "fewer rows, or use cluster_cca"
            )
        alike = np.exp(-squared_distances(groups, groups) / (2 * self.spread**2))
        return _by_place(x, y, places.ravel(), alike)


def _by_place(x: Array, y: Array, places: Array, alike: Array) -> tuple[Array, Array, Array]:
    """`pair_covariances` with one column a group, which is sparse."""
    from scipy.sparse import csr_matrix

    member = csr_matrix(
        (np.ones(len(places)), (np.arange(len(places)), places)), shape=(len(places), len(alike))
    )
    return pair_covariances(x, y, member, alike)
