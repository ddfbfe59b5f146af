"""Semantic correlation maximization for hashing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.discrete import as_signs
from tuwen.methods.linear import (
    LinearHasher,
    check_rank,
    fixed_signs,
    inverse_root,
    leading_pair,
    rank_of,
)


@dataclass(kw_only=True, eq=False)
class SCMHash(LinearHasher):
    """Makes the agreement of two codes follow the similarity of their labels.

    Minimises ||B_x B_yᵀ - bits · S||², with S_ij = 2 cos(l_i, l_j) - 1. S is never built: products with it
    are 2 (XᵀL)(YᵀL)ᵀ - (Xᵀ1)(Yᵀ1)ᵀ for labels L with rows of length one.

    Args:
        order: `"sequential"` learns one bit after another, each from what the bits before it left over, so
            that there may be more bits than directions; `"orthogonal"` takes the leading directions at once.
        ridge: Added to the diagonals of both covariances.
    """

    paper = Paper(
        "Large-Scale Supervised Multimodal Hashing with Semantic Correlation Maximization",
        "Zhang & Li",
        "AAAI",
        2014,
        "https://doi.org/10.1609/aaai.v28i1.8995",
    )
    needs_labels = True

    order: Literal["sequential", "orthogonal"] = "sequential"
    ridge: float = 1e-6

    def _solve(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array]:
        if self.order not in ("sequential", "orthogonal"):
            raise InputError(f"order is {self.order!r}; it is 'sequential' or 'orthogonal'")
        units = labels / np.maximum(np.linalg.norm(labels, axis=1, keepdims=True), 1e-12)
        target = 2 * (x.T @ units) @ (y.T @ units).T - np.outer(x.sum(axis=0), y.sum(axis=0))
        whiten_x, whiten_y = inverse_root(x, self.ridge), inverse_root(y, self.ridge)
        if self.order == "orthogonal":
            u, values, vt = np.linalg.svd(whiten_x @ target @ whiten_y, full_matrices=False)
            check_rank(self, "bits", rank_of(values), "labels and features have no more directions in common")
            signs = fixed_signs(u[:, : self.bits])
            return whiten_x @ u[:, : self.bits] * signs, whiten_y @ vt[: self.bits].T * signs
        return self._sequence(x, y, self.bits * target, (whiten_x, whiten_y))

    def _sequence(
        self, x: Array, y: Array, residual: Array, whiten: tuple[Array, Array]
    ) -> tuple[Array, Array]:
        """One bit after another: eq. 13 of the paper, with the codes' own product taken off each time."""
        columns: list[tuple[Array, Array]] = []
        for _ in range(self.bits):
            u, v = leading_pair(whiten[0] @ residual @ whiten[1])
            wx, wy = whiten[0] @ u, whiten[1] @ v
            columns.append((wx, wy))
            residual = residual - np.outer(as_signs(x @ wx) @ x, as_signs(y @ wy) @ y)
        return np.stack([wx for wx, _ in columns], axis=1), np.stack([wy for _, wy in columns], axis=1)
