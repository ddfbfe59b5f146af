"""Generalised canonical correlation analysis."""

from __future__ import annotations

from dataclasses import dataclass

from tuwen.arrays import Array
from tuwen.methods.base import Paper, check_members
from tuwen.methods.linear import LinearSpace, check_rank, shared_scores


@dataclass(kw_only=True, eq=False)
class GCCA(LinearSpace):
    """Finds scores to which every view comes as near as it can: two views, or three when labels are given.

    Solves Σ_{j≠i} S_ij w_j = ρ (S_ii + ridge·I) w_i, which without a ridge is Carroll's MAXVAR with values
    1 + ρ; the ridge makes it regularised (RGCCA). Labels, where given to `fit`, are the third view.

    Args:
        dim: Width of the common space.
        ridge: Added to the diagonal of each view's covariance.
    """

    paper = Paper(
        "Generalization of canonical correlation analysis to three or more sets of variables",
        "Carroll",
        "Proceedings of the American Psychological Association",
        1968,
        "https://doi.org/10.1037/e473742008-115",
    )

    dim: int = 8
    ridge: float = 1e-4

    def _solve(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array]:
        check_members(self, labels)
        views = [x, y] + ([labels - labels.mean(axis=0)] if labels.shape[1] else [])
        weights, values = shared_scores(views, self.ridge)
        check_rank(self, "dim", len(values), "no more directions are shared")
        self.values_ = values[: self.dim]
        return weights[0][:, : self.dim], weights[1][:, : self.dim]
