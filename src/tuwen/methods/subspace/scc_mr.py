"""Semantic consistency cross-modal retrieval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.classes import ClassSpace
from tuwen.methods.graphs import laplacian, neighbour_graph, solve_smooth

_EPS = 1e-5  # smooths the norm of rows where it is zero


@dataclass(kw_only=True, eq=False)
class SCCMR(ClassSpace):
    """Projects both modalities to labels, and finds the labels of pairs that have none at the same time.

    Minimises Σ_m ‖X_m W_m − F‖² + smoothing tr(FᵀGF) + selection Σ_m ‖W_m‖_{2,1}, where F are soft labels of
    both items of a pair, equal to those given where there are some, and G the mean of the normalised
    Laplacians of neighbours in both modalities. W and F are found in turn, each exactly for rows reweighted,
    which never raises it. Pairs without a label are rows of zeros in multi-hot labels.
    Re-derived: no code is public.

    Args:
        smoothing: Weight of the graphs.
        selection: Weight of the norms of rows; the larger, the fewer features matter.
        neighbours: Of the graphs.
        iterations: Rounds over projections and soft labels.
    """

    paper = Paper(
        "Semantic consistency cross-modal retrieval with semi-supervised graph regularization",
        "Xu, Li, Zhang",
        "IEEE Access",
        2020,
        "https://doi.org/10.1109/ACCESS.2020.2966220",
    )
    needs_labels = True

    smoothing: float = 1.0
    selection: float = 1.0
    neighbours: int = 10
    iterations: int = 20

    def __post_init__(self) -> None:
        if self.selection <= 0 or self.smoothing < 0:
            raise InputError(
                f"selection is {self.selection} and smoothing {self.smoothing}; the first must be above 0, "
                "the second not below"
            )

    def _fit(self, images: Array, texts: Array, labels: Array) -> None:
        x, y, given = self._learn(images, texts, labels)
        sides, free = (x, y), np.asarray(given.sum(axis=1) == 0)
        graphs = [neighbour_graph(side, self.neighbours, "euclidean", heat=True) for side in sides]
        rough = sum(laplacian(graph) for graph in graphs) / 2 * self.smoothing
        grams = [side.T @ side for side in sides]
        soft = self._soft(given, free, rough, np.zeros_like(given), given)
        weights = [np.linalg.solve(gram + self.selection * np.eye(len(gram)), side.T @ soft)
                   for side, gram in zip(sides, grams, strict=True)]  # fmt: skip
        self.objective_: list[float] = []
        for _ in range(self.iterations):
            for m, (side, gram) in enumerate(zip(sides, grams, strict=True)):
                rows = 0.5 / np.sqrt((weights[m] ** 2).sum(axis=1) + _EPS)
                weights[m] = np.linalg.solve(gram + self.selection * np.diag(rows), side.T @ soft)
            told = [side @ w for side, w in zip(sides, weights, strict=True)]
            soft = self._soft(given, free, rough, told[0] + told[1], soft)
            total = sum(((t - soft) ** 2).sum() for t in told) + (soft * (rough @ soft)).sum()
            norms = sum(np.sqrt((w**2).sum(axis=1) + _EPS).sum() for w in weights)
            self.objective_.append(float(total + self.selection * norms))
        self.soft_labels_ = soft.astype(np.float32)
        self.weights_ = {"image": weights[0], "text": weights[1]}

    def _soft(self, given: Array, free: Array, rough: object, told: Array, start: Array) -> Array:
        """Labels as given, and where there are none the best for what both projections tell."""
        soft = given.copy()
        if free.any():
            from scipy.sparse import csr_matrix

            matrix = csr_matrix(rough)
            among, pull = matrix[free][:, free], told[free] - matrix[free] @ given
            shifts = np.full(given.shape[1], 2.0)
            soft[free] = solve_smooth(lambda v: np.asarray(among @ v), shifts, pull, start[free])
        return soft

    def _transform(self, features: Array, modality: Modality) -> Array:
        return np.asarray(self._standard(features, modality) @ self.weights_[modality])
