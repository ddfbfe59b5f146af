"""Partial least squares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tuwen.arrays import Array
from tuwen.methods.base import Paper
from tuwen.methods.linear import LinearSpace, check_rank, covarying, fixed_signs, rank_of


@dataclass(kw_only=True, eq=False)
class PLS(LinearSpace):
    """Projects both modalities to the directions in which they covary most.

    Unlike canonical correlation, directions of large variance count more, and nothing is inverted, so wide
    features need no ridge.

    Args:
        dim: Width of the common space; at most the smaller rank of the two sides.
        deflation: `svd` takes the leading singular vectors of the cross-covariance; `canonical` takes one
            pair, removes what it explains from both sides, and repeats (Wold's mode A).
    """

    paper = Paper(
        "Overview and recent advances in partial least squares",
        "Rosipal, Krämer",
        "SLSFS",
        2006,
        "https://doi.org/10.1007/11752790_2",
    )

    dim: int = 8
    deflation: Literal["svd", "canonical"] = "svd"

    def _solve(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array]:
        between = x.T @ y / len(x)
        u, values, vt = np.linalg.svd(between, full_matrices=False)
        rank = rank_of(values)
        check_rank(self, "dim", rank, f"the cross-covariance has rank {rank}")
        if self.deflation == "svd":
            signs = fixed_signs(u[:, : self.dim])
            return u[:, : self.dim] * signs, vt[: self.dim].T * signs
        return covarying(x.T @ x, x.T @ y, y.T @ y, self.dim)
