"""Private and shared subspaces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.classes import ClassSpace
from tuwen.methods.linear import row_axes, turned, turned_back


@dataclass(kw_only=True, eq=False)
class P3S(ClassSpace):
    """Splits each modality into what labels and pairs share and what is its own, orthogonal to it.

    Minimises Σ_m [‖S_m − L‖² + fidelity ‖X_m − S_m A_m − H_m B_m‖² + separation ‖S_mᵀH_m‖² / n] + agreement
    ‖S_1 − S_2‖² + ridge (all squares), with S_m = X_m W_m shared and H_m = X_m P_m private: one matrix at a
    time, always exactly, which never raises it. Items are coded by S alone, so that what is private does
    not disturb their match.
    Re-derived: no code is public. Differs from the paper: projections are linear.

    Args:
        private: Columns of the private subspaces; never more than features.
        fidelity: How well both subspaces together must give the features back.
        separation: How much they must be orthogonal.
        agreement: How near the shared parts of a pair must be.
        ridge: Of all matrices, for each row.
        iterations: Rounds over all matrices.
    """

    paper = Paper(
        "Learning cross-modal common representations by private-shared subspaces separation",
        "Xu, Lin, Gao et al.",
        "IEEE Transactions on Cybernetics",
        2020,
        "https://doi.org/10.1109/TCYB.2020.3009004",
    )
    needs_labels = True

    private: int = 16
    fidelity: float = 0.1
    separation: float = 1.0
    agreement: float = 1.0
    ridge: float = 0.01
    iterations: int = 20

    def __post_init__(self) -> None:
        if self.private < 1 or self.iterations < 1:
            raise InputError(
                f"private is {self.private} and iterations {self.iterations}; both must be at least 1"
            )
        if min(self.fidelity, self.ridge) <= 0:
            raise InputError(f"fidelity is {self.fidelity} and ridge {self.ridge}; both must be above 0")

    def _fit(self, images: Array, texts: Array, labels: Array) -> None:
        x, y, labels = self._learn(images, texts, labels)
        self.n_, axes = len(images), (row_axes(x), row_axes(y))
        sides = turned(x, axes[0]), turned(y, axes[1])
        grams = [side.T @ side for side in sides]
        targets = [side.T @ labels for side in sides]
        cross = sides[0].T @ sides[1]
        crosses = (cross, cross.T)
        rng = np.random.default_rng(self.seed)
        w, p, a, b = [], [], [], []
        for gram, target in zip(grams, targets, strict=True):
            d = len(gram)
            w.append(np.linalg.solve(gram + self.ridge * self.n_ * np.eye(d), target))
            p.append(rng.standard_normal((d, min(self.private, d))) / d)
            a.append(np.zeros((labels.shape[1], d)))
            b.append(np.zeros((p[-1].shape[1], d)))
        self.objective_: list[float] = []
        for _ in range(self.iterations):
            for m, (gram, target) in enumerate(zip(grams, targets, strict=True)):
                a[m] = self._loadings(gram, w[m], gram - gram @ p[m] @ b[m])
                b[m] = self._loadings(gram, p[m], gram - gram @ w[m] @ a[m])
                linear = target + self.agreement * crosses[m] @ w[1 - m]
                linear = linear + self.fidelity * (gram - gram @ p[m] @ b[m]) @ a[m].T
                curve = (1 + self.agreement) * np.eye(len(a[m])) + self.fidelity * a[m] @ a[m].T
                w[m] = self._projection(gram, p[m], curve, linear)
                linear = self.fidelity * (gram - gram @ w[m] @ a[m]) @ b[m].T
                p[m] = self._projection(gram, w[m], self.fidelity * b[m] @ b[m].T, linear)
            parts = zip(grams, targets, w, p, a, b, strict=True)
            total = sum(self._part(*part) for part in parts) + 2 * float((labels**2).sum())
            total -= 2 * self.agreement * float((w[0] * (cross @ w[1])).sum())
            self.objective_.append(total)
        self.weights_ = {"image": turned_back(w[0], axes[0]), "text": turned_back(w[1], axes[1])}
        self.private_ = {"image": turned_back(p[0], axes[0]), "text": turned_back(p[1], axes[1])}

    def _loadings(self, gram: Array, maps: Array, rest: Array) -> Array:
        """What gives features back from a subspace, (k, d); `rest` is Xᵀ times what is left to give."""
        small = maps.T @ gram @ maps + self.ridge * self.n_ / self.fidelity * np.eye(maps.shape[1])
        return np.linalg.solve(small, maps.T @ rest)

    def _projection(self, gram: Array, other: Array, curve: Array, linear: Array) -> Array:
        """Z of gram Z curve + (separation · gram other otherᵀ gram / n + ridge n) Z = linear."""
        from scipy.linalg import eigh

        seen = gram @ other
        bound = self.separation / self.n_ * seen @ seen.T + self.ridge * self.n_ * np.eye(len(gram))
        values, axes = eigh(gram, bound)  # axes make gram diagonal and bound one
        sizes, turn = np.linalg.eigh(curve)
        return np.asarray(axes @ (axes.T @ linear @ turn / (1 + np.outer(values, sizes))) @ turn.T)

    def _part(self, gram: Array, target: Array, w: Array, p: Array, a: Array, b: Array) -> float:
        """What one modality adds to the objective, but for the squares of the labels."""
        told = (1 + self.agreement) * (w * (gram @ w)).sum() - 2 * (w * target).sum()
        rest = np.eye(len(gram)) - w @ a - p @ b
        back = self.fidelity * (rest * (gram @ rest)).sum()
        mixed = self.separation / self.n_ * ((w.T @ gram @ p) ** 2).sum()
        squares = self.ridge * self.n_ * sum((part**2).sum() for part in (w, p, a, b))
        return float(told + back + mixed + squares)

    def _transform(self, features: Array, modality: Modality) -> Array:
        return np.asarray(self._standard(features, modality) @ self.weights_[modality])
