"""Cross-view hashing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.methods.base import Paper
from tuwen.methods.linear import (
    LinearHasher,
    check_rank,
    check_variant,
    fixed_signs,
    inverse_root,
    rank_of,
)


@dataclass(kw_only=True, eq=False)
class CVH(LinearHasher):
    """Spectral hashing over two views: for pairs without further similarities, the signs of CCA.

    Solves Cxy Cyy⁻¹ Cyx a = ρ² Cxx a over centred features, so there are at most as many bits as the
    smaller side has directions: what a longer code would hold is noise, and is refused.

    Args:
        ridge: Added to the diagonals of Cxx and Cyy.
        rotate: Allow more bits than directions; those beyond come from random rotations of all directions,
            weighted by their correlations (not in the paper).
        variant: `released` does as public code does: Cxy Cyy Cyx without the inverse, features neither
            centred nor scaled, and bits beyond the rank, which are noise, given without a word.
    """

    paper = Paper(
        "Learning Hash Functions for Cross-View Similarity Search",
        "Kumar & Udupa",
        "IJCAI",
        2011,
        "https://doi.org/10.5591/978-1-57735-516-8/IJCAI11-230",
    )

    ridge: float = 1e-4
    rotate: bool = False
    variant: Literal["paper", "released"] = "paper"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_variant(self.variant)

    def _learn(self, features: Array, modality: Modality) -> Array:
        learn = super()._learn if self.variant == "paper" else self._as_given
        return learn(features, modality)

    def _solve(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array]:
        if self.variant == "released":
            return self._released(x, y)
        whiten_x, whiten_y = inverse_root(x, self.ridge), inverse_root(y, self.ridge)
        u, values, vt = np.linalg.svd(whiten_x @ (x.T @ y / len(x)) @ whiten_y, full_matrices=False)
        rank = rank_of(values, 1.0)
        if not (self.rotate and rank):
            why = "no more directions correlate at all (rotate=True would make further bits from these)"
            check_rank(self, "bits", rank, why)
        kept = min(rank, self.bits)
        signs = fixed_signs(u[:, :kept])
        self.correlations_ = values[:kept]
        weights = whiten_x @ u[:, :kept] * signs, whiten_y @ vt[:kept].T * signs
        mixing = self._mixing(kept)
        return weights[0] @ mixing, weights[1] @ mixing

    def _released(self, x: Array, y: Array) -> tuple[Array, Array]:
        from scipy.linalg import eigh

        check_rank(self, "bits", x.shape[1], f"the images have {x.shape[1]} columns")
        own = x.T @ x + self.ridge * np.eye(x.shape[1])
        other = y.T @ y + self.ridge * np.eye(y.shape[1])
        cross = x.T @ y
        values, axes = eigh(cross @ other @ cross.T, own)
        axes = axes[:, ::-1][:, : self.bits]
        self.correlations_ = values[::-1][: self.bits]
        return axes, np.linalg.solve(other, cross.T @ axes)

    def _mixing(self, kept: int) -> Array:
        """The directions themselves, then rotations of them, (kept, bits)."""
        rng = np.random.default_rng(self.seed)
        blocks = [np.eye(kept)]
        for _ in range(kept, self.bits, kept):
            blocks.append(self.correlations_[:, None] * np.linalg.qr(rng.standard_normal((kept, kept)))[0])
        return np.concatenate(blocks, axis=1)[:, : self.bits]
