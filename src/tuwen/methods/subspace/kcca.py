"""Kernel canonical correlation analysis."""

from __future__ import annotations

from dataclasses import dataclass

from tuwen.arrays import Array
from tuwen.methods.base import Paper
from tuwen.methods.lifted import Kernelled, LiftedSpace
from tuwen.methods.linear import canonical, check_rank


@dataclass(kw_only=True, eq=False)
class KCCA(Kernelled, LiftedSpace):
    """Canonical correlation analysis in the feature space of a kernel.

    Exact where rows are at most `anchors`; above that, Nyström's approximation by random rows.

    Args:
        ridge: Added to the diagonals of both covariances there.
    """

    paper = Paper(
        "Canonical correlation analysis: an overview with application to learning methods",
        "Hardoon, Szedmak, Shawe-Taylor",
        "Neural Computation",
        2004,
        "https://doi.org/10.1162/0899766042321814",
    )

    ridge: float = 1e-3

    def __post_init__(self) -> None:
        Kernelled.__post_init__(self)
        LiftedSpace.__post_init__(self)

    def _solve(self, x: Array, y: Array) -> tuple[Array, Array]:
        u, v, correlations = canonical(x, y, self.ridge)
        check_rank(self, "dim", len(correlations), "no more directions correlate at all")
        self.correlations_ = correlations[: self.dim]
        return u[:, : self.dim], v[:, : self.dim]
