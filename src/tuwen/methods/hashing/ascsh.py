"""Asymmetric supervised consistent and specific hashing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.methods.anchored import AnchoredHasher
from tuwen.methods.base import Paper
from tuwen.methods.discrete import as_signs, coordinate_signs, likeness_factor
from tuwen.methods.kernels import rbf


@dataclass(kw_only=True, eq=False)
class ASCSH(AnchoredHasher):
    """Splits each modality's map into what both share and what is its own, and learns signs from labels.

    Minimises ||bits · S - V Bᵀ||² / n + fit_weight Σ over modalities of ||B - Φ (C + P)||² + shared
    ||C||² + own Σ ||P||², B bit by bit with no relaxation. Asymmetric: the labels' side, V, stays real.
    S, the centred cosines of the labels, is never built. Anchors are the same random pairs in both
    modalities, so that a row of C stands for likeness to one pair, seen either way.
    Re-derived from the paper. Differs from it: cosines are centred, and the similarity's part is divided
    by n.

    Args:
        fit_weight: How much the features' part weighs.
        shared: Ridge of C.
        own: Ridge of P.
        iterations: Turns of the minimisation.
    """

    paper = Paper(
        "Asymmetric Supervised Consistent and Specific Hashing for Cross-Modal Retrieval",
        "Meng, Wang, Yu, Chen & Wu",
        "IEEE Transactions on Image Processing",
        2021,
        "https://doi.org/10.1109/TIP.2020.3038365",
    )
    needs_labels = True
    fuses = True
    learns_codes = True

    fit_weight: float = 0.1
    shared: float = 0.01
    own: float = 0.01
    iterations: int = 15

    def _learn(self, features: Array, modality: Modality) -> tuple[Array, Array]:
        rng = np.random.default_rng(self.seed)  # anew for each modality: the same rows
        count = min(self.anchors, len(features))
        centred = self._centred(features, modality)
        self.anchors_[modality] = centred[np.sort(rng.choice(len(features), count, replace=False))]
        return rbf(centred, self.anchors_[modality], self.variances_[modality]), np.eye(count)

    def _solve(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array]:
        factor = likeness_factor(labels)
        eye, m = np.eye(x.shape[1]), self.fit_weight
        both = np.linalg.inv(m * (x.T @ x + y.T @ y) + self.shared * eye)
        inverses = [np.linalg.inv(m * s.T @ s + self.own * eye) for s in (x, y)]
        b = as_signs(np.random.default_rng(self.seed).standard_normal((len(x), self.bits)))
        p = [np.zeros((x.shape[1], self.bits)) for _ in range(2)]
        self.objective_: list[float] = []
        for _ in range(self.iterations):
            v = self.bits * factor @ (factor.T @ b) @ np.linalg.pinv(b.T @ b)
            c = m * both @ sum(s.T @ (b - s @ q) for s, q in zip((x, y), p, strict=True))
            p = [m * i @ (s.T @ (b - s @ c)) for s, i in zip((x, y), inverses, strict=True)]
            told = m * (x @ (c + p[0]) + y @ (c + p[1]))
            similar = factor @ (factor.T @ v)
            b = coordinate_signs(b, self.bits * similar / len(x) + told, v.T @ v / len(x))
            pair = (v.T @ v * (b.T @ b)).sum() - 2 * self.bits * (b * similar).sum()
            fits = sum(((b - s @ (c + q)) ** 2).sum() for s, q in zip((x, y), p, strict=True))
            rest = self.shared * (c**2).sum() + self.own * sum((q**2).sum() for q in p)
            self.objective_.append(float(pair / len(x) + m * fits + rest))
        self.training_codes_ = np.packbits(b > 0, axis=1)
        return c + p[0], c + p[1]
