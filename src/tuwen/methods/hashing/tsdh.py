"""Two-stage supervised discrete hashing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.methods.anchored import AnchoredHasher
from tuwen.methods.base import Paper
from tuwen.methods.discrete import as_signs, coordinate_signs, likeness_factor


@dataclass(kw_only=True, eq=False)
class TSDH(AnchoredHasher):
    """Learns signs of both modalities from the labels alone, then functions that tell them and the labels.

    First stage, bit by bit with no relaxation: ||bits · S - B_x B_yᵀ||² + Σ over modalities of
    (bits ||L - B W||² + ridge ||W||²) + agreement ||B_x - B_y||², where S, the centred cosines of
    the labels, is never built. Second stage, in closed form: ||B - Φ P||² + semantic ||L - Φ P W||² + ridge
    ||P||². The first stage's codes of the training pairs are `training_codes_`: labels alone made them, so
    that a search among them shows how well a query's label is told, not how well pairs match.
    Re-derived from the paper's description; no code was published.

    Args:
        agreement: How much the codes of a pair must agree.
        semantic: How much the predicted code must tell the labels.
        ridge: Of all weights.
        iterations: Turns of the first stage.
    """

    paper = Paper(
        "Two-Stage Supervised Discrete Hashing for Cross-Modal Retrieval",
        "Zhang, Wu, Xu et al.",
        "IEEE Transactions on Systems, Man, and Cybernetics: Systems",
        2022,
        "https://doi.org/10.1109/TSMC.2021.3130939",
    )
    needs_labels = True
    fuses = True
    learns_codes = True

    agreement: float = 1.0
    semantic: float = 1.0
    ridge: float = 0.1
    iterations: int = 10

    def _solve(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array]:
        codes, maps = self._first(labels)
        self.training_codes_ = np.packbits(codes[0] > 0, axis=1)
        px, py = (self._second(s, b, w, labels) for s, b, w in zip((x, y), codes, maps, strict=True))
        return px, py

    def _first(self, labels: Array) -> tuple[list[Array], list[Array]]:
        """Signs (n, bits) of both modalities, and what tells the labels from each, (bits, n_classes)."""
        factor = likeness_factor(labels)
        rng = np.random.default_rng(self.seed)
        start = as_signs(rng.standard_normal((len(labels), self.bits)))
        codes, eye = [start, start], np.eye(self.bits)
        self.objective_: list[float] = []
        for _ in range(self.iterations):
            maps = [np.linalg.solve(b.T @ b + self.ridge / self.bits * eye, b.T @ labels) for b in codes]
            for side in (0, 1):
                other = codes[1 - side]
                linear = (
                    self.bits * (factor @ (factor.T @ other) + labels @ maps[side].T) + self.agreement * other
                )
                gram = other.T @ other + self.bits * maps[side] @ maps[side].T
                codes[side] = coordinate_signs(codes[side], linear, gram)
            self.objective_.append(self._objective(labels, factor, codes, maps))
        return codes, maps

    def _objective(self, labels: Array, factor: Array, codes: list[Array], maps: list[Array]) -> float:
        """But for ||bits · S||², which nothing changes."""
        x, y = codes
        total = ((x.T @ x) * (y.T @ y)).sum() - 2 * self.bits * ((factor.T @ x) * (factor.T @ y)).sum()
        for b, w in zip(codes, maps, strict=True):
            total += self.bits * ((labels - b @ w) ** 2).sum() + self.ridge * (w**2).sum()
        return float(total + self.agreement * ((x - y) ** 2).sum())

    def _second(self, features: Array, b: Array, w: Array, labels: Array) -> Array:
        """P of ΦᵀΦ P (I + semantic W Wᵀ) + ridge P = Φᵀ (B + semantic L Wᵀ)."""
        a, rows = np.linalg.eigh(features.T @ features)
        c, columns = np.linalg.eigh(np.eye(self.bits) + self.semantic * w @ w.T)
        target = features.T @ (b + self.semantic * labels @ w.T)
        return np.asarray(rows @ (rows.T @ target @ columns / (np.outer(a, c) + self.ridge)) @ columns.T)
