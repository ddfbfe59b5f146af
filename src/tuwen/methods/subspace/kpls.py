"""Kernel partial least squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.methods.base import Paper
from tuwen.methods.lifted import Kernelled, LiftedSpace
from tuwen.methods.linear import check_rank, covarying, rank_of


@dataclass(kw_only=True, eq=False)
class KPLS(Kernelled, LiftedSpace):
    """Partial least squares in the feature space of a kernel, of both modalities.

    One pair of scores of most covariance after another, each kernel cleared of its own score in between
    (mode A). Solved in explicit features of the kernel, which where rows are at most `anchors` gives what
    the dual iteration K_x K_y t = λ t gives; above that, features are Nyström's by random rows.
    Re-derived. Differs from the paper: texts have a kernel too, as they are queries and not only targets.
    """

    paper = Paper(
        "Kernel partial least squares regression in reproducing kernel Hilbert space",
        "Rosipal, Trejo",
        "JMLR",
        2001,
        "https://www.jmlr.org/papers/v2/rosipal01a.html",
    )

    def __post_init__(self) -> None:
        Kernelled.__post_init__(self)
        LiftedSpace.__post_init__(self)

    def _solve(self, x: Array, y: Array) -> tuple[Array, Array]:
        between = x.T @ y
        rank = rank_of(np.linalg.svd(between, compute_uv=False))
        check_rank(self, "dim", rank, f"the cross-covariance of the kernels has rank {rank}")
        return covarying(x.T @ x, between, y.T @ y, self.dim)
