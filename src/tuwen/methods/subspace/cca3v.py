"""Three-view canonical correlation analysis."""

from __future__ import annotations

from dataclasses import dataclass

from tuwen.arrays import Array
from tuwen.methods.base import Paper
from tuwen.methods.linear import LinearSpace, check_rank, shared_scores


@dataclass(kw_only=True, eq=False)
class CCA3V(LinearSpace):
    """Correlates images, texts and labels at once, and weighs directions by how much they share.

    Solves Σ_{j≠i} S_ij w_j = ρ (S_ii + ridge·I) w_i over the three views; each direction is scaled by ρ to
    `power`, on which the published results rest.

    Args:
        dim: Width of the common space.
        ridge: Added to the diagonal of each view's covariance.
        power: Of the weights; 0 weighs all directions alike.
    """

    paper = Paper(
        "A multi-view embedding space for modeling internet images, tags, and their semantics",
        "Gong, Ke, Isard, Lazebnik",
        "IJCV",
        2014,
        "https://doi.org/10.1007/s11263-013-0658-4",
    )
    needs_labels = True

    dim: int = 8
    ridge: float = 1e-4
    power: float = 4.0

    def _solve(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array]:
        weights, values = shared_scores([x, y, labels - labels.mean(axis=0)], self.ridge)
        check_rank(self, "dim", len(values), "no more directions are shared")
        self.values_ = values[: self.dim]
        scale = self.values_**self.power
        return weights[0][:, : self.dim] * scale, weights[1][:, : self.dim] * scale
