"""Canonical correlation analysis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.methods.base import Paper
from tuwen.methods.linear import LinearSpace, check_rank, fixed_signs, inverse_root, rank_of


@dataclass(kw_only=True, eq=False)
class CCA(LinearSpace):
    """Projects both modalities to the directions in which they correlate most.

    Maximises tr(Wxᵀ Cxy Wy) with WxᵀCxxWx = WyᵀCyyWy = I: both sides are whitened, and the leading
    singular vectors of the whitened Cxy are taken.

    Args:
        dim: Width of the common space; at most the smaller rank of the two sides.
        ridge: Added to the diagonals of Cxx and Cyy (of standardised features); raise it when rows are
            few: without one, 4,096 columns of 2,000 rows correlate perfectly and mean nothing.
        power: Each direction is weighted by its correlation to this power; 0 weighs all alike.
    """

    paper = Paper(
        "Relations between two sets of variates",
        "Hotelling",
        "Biometrika",
        1936,
        "https://doi.org/10.1093/biomet/28.3-4.321",
    )

    dim: int = 8
    ridge: float = 1e-6
    power: float = 0.0

    def _solve(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array]:
        whiten_x, whiten_y = inverse_root(x, self.ridge), inverse_root(y, self.ridge)
        u, correlations, vt = np.linalg.svd(whiten_x @ (x.T @ y / len(x)) @ whiten_y, full_matrices=False)
        check_rank(self, "dim", rank_of(correlations, 1.0), "no more directions correlate at all")
        signs = fixed_signs(u[:, : self.dim])
        self.correlations_ = correlations[: self.dim]
        weights = signs * self.correlations_**self.power
        return whiten_x @ u[:, : self.dim] * weights, whiten_y @ vt[: self.dim].T * weights
