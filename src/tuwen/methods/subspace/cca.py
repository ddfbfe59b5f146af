"""Canonical correlation analysis."""

from __future__ import annotations

from dataclasses import dataclass

from tuwen.arrays import Array
from tuwen.methods.base import Paper
from tuwen.methods.linear import LinearSpace, canonical, check_rank


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
        u, v, correlations = canonical(x, y, self.ridge)
        check_rank(self, "dim", len(correlations), "no more directions correlate at all")
        self.correlations_ = correlations[: self.dim]
        weights = self.correlations_**self.power
        return u[:, : self.dim] * weights, v[:, : self.dim] * weights
