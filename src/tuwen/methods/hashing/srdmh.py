"""Supervised robust discrete multimodal hashing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.methods.anchored import AnchoredHasher
from tuwen.methods.base import Paper
from tuwen.methods.discrete import as_signs, coordinate_signs


@dataclass(kw_only=True, eq=False)
class SRDMH(AnchoredHasher):
    """Learns signs from which labels can be told, forgiving wrong labels, and which features can tell.

    Minimises Σ ||l_i - b_i W|| + fit_weight Σ over modalities of (||B - Φ P||² + ridge ||P||²) + ridge
    ||W||², B bit by bit with no relaxation; the unsquared lengths let an item with a wrong label go. Items
    are coded by Φ P; the learnt B of the training pairs are `training_codes_`.
    Re-derived from the paper.

    Args:
        fit_weight: How much the features' part weighs.
        ridge: Of all weights.
        iterations: Turns of the minimisation.
    """

    paper = Paper(
        "Supervised Robust Discrete Multimodal Hashing for Cross-Media Retrieval",
        "Li, Yan, Luo et al.",
        "IEEE Transactions on Multimedia 21(11), 2863-2877",
        2019,
        "",
    )
    needs_labels = True
    fuses = True
    learns_codes = True

    fit_weight: float = 0.001
    ridge: float = 0.1
    iterations: int = 15

    def _solve(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array]:
        rng = np.random.default_rng(self.seed)
        inverses = [np.linalg.inv(s.T @ s + self.ridge * np.eye(s.shape[1])) for s in (x, y)]
        b = as_signs(rng.standard_normal((len(x), self.bits)))
        lengths = np.ones(len(x))
        self.objective_: list[float] = []
        for _ in range(self.iterations):
            half = 1 / (2 * lengths)[:, None]  # half-quadratic weights of the unsquared lengths
            w = np.linalg.solve(b.T @ (half * b) + self.ridge * np.eye(self.bits), b.T @ (half * labels))
            p = [inverse @ (s.T @ b) for s, inverse in zip((x, y), inverses, strict=True)]
            told = self.fit_weight * (x @ p[0] + y @ p[1])
            b = coordinate_signs(b, labels @ w.T + told / half, w @ w.T)
            lengths = np.sqrt(((labels - b @ w) ** 2).sum(axis=1) + 1e-6)
            fits = sum(
                ((b - s @ q) ** 2).sum() + self.ridge * (q**2).sum() for s, q in zip((x, y), p, strict=True)
            )
            self.objective_.append(float(lengths.sum() + self.fit_weight * fits + self.ridge * (w**2).sum()))
        self.training_codes_ = np.packbits(b > 0, axis=1)
        return inverses[0] @ (x.T @ b), inverses[1] @ (y.T @ b)
