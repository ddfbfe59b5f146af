"""Cross-view hashing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.methods.base import Paper
from tuwen.methods.linear import LinearHasher, check_rank, fixed_signs, inverse_root, rank_of


@dataclass(kw_only=True, eq=False)
class CVH(LinearHasher):
    """Spectral hashing over two views: for pairs without further similarities, the signs of CCA.

    Solves Cxy Cyy⁻¹ Cyx a = ρ² Cxx a over centred features, so there are at most as many bits as the
    smaller side has directions: what a longer code would hold is noise, and is refused.
    Differs from the released code, which leaves out Cyy⁻¹ and the centring.

    Args:
        ridge: Added to the diagonals of Cxx and Cyy.
        rotate: Allow more bits than directions; those beyond come from random rotations of all directions,
            weighted by their correlations (not in the paper).
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

    def _solve(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array]:
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

    def _mixing(self, kept: int) -> Array:
        """The directions themselves, then rotations of them, (kept, bits)."""
        rng = np.random.default_rng(self.seed)
        blocks = [np.eye(kept)]
        for _ in range(kept, self.bits, kept):
            blocks.append(self.correlations_[:, None] * np.linalg.qr(rng.standard_normal((kept, kept)))[0])
        return np.concatenate(blocks, axis=1)[:, : self.bits]
