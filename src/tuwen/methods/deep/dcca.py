"""DCCA: deep canonical correlation analysis."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from tuwen.methods.base import Paper
from tuwen.methods.correlated import CorrelatedSpace
from tuwen.methods.layers import correlations
from tuwen.methods.network import Batch


@dataclass(kw_only=True, eq=False)
class DCCA(CorrelatedSpace):
    """Canonical correlation analysis on the outputs of two networks, trained end to end.

    Raises the sum of singular values of Cuu^(-1/2) Cuv Cvv^(-1/2) of a batch; after training a linear CCA on
    the outputs of all pairs gives the directions to compare in.
    Differs from the paper: Adam on large batches, not L-BFGS on all pairs.

    Args:
        dim: Width of the common space.
        ridge: Added to the covariances of a batch.
    """

    paper = Paper(
        "Deep Canonical Correlation Analysis",
        "Andrew, Arora, Bilmes, Livescu",
        "ICML",
        2013,
        "https://proceedings.mlr.press/v28/andrew13.html",
    )

    batch_size: int = 1024
    dim: int = 10

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        return -correlations(u.float(), v.float(), self.ridge).sum()
