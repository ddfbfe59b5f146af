"""Supervised matrix factorization hashing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.graphs import class_laplacian, laplacian, neighbour_graph, solve_smooth
from tuwen.methods.linear import LinearHasher


@dataclass(kw_only=True, eq=False)
class SMFH(LinearHasher):
    """Factorises both modalities into one latent vector that is smooth over neighbours and over classes.

    Minimises weight ||X - V U_x||² + (1 - weight) ||Y - V U_y||² + regression Σ ||V - S P||² over modalities
    + smoothness tr(Vᵀ L V) + ridge (||V||² + ||U||² + ||P||²), with L the sum of the Laplacians of both
    neighbourhood graphs and of the labels' cosines. V is found by conjugate gradients, so that nothing of
    (n, n) is built. A query is coded by P, an item of both modalities by the mean of its two; the learnt
    signs of V are `training_codes_`.
    Differs from the paper: Laplacians are normalised, so that `smoothness` means the same for any n.

    Args:
        weight: Of the images' factorisation (the paper's alpha).
        regression: The paper's beta.
        smoothness: The paper's gamma.
        ridge: The paper's lambda.
        neighbours: Of each item in its modality's graph.
        iterations: Turns of the minimisation.
    """

    paper = Paper(
        "Supervised Matrix Factorization Hashing for Cross-Modal Retrieval",
        "Tang, Wang & Shao",
        "IEEE Transactions on Image Processing",
        2016,
        "https://doi.org/10.1109/TIP.2016.2564638",
    )
    needs_labels = True
    fuses = True
    learns_codes = True

    standardise: bool = False
    weight: float = 0.5
    regression: float = 100.0
    smoothness: float = 100.0
    ridge: float = 0.01
    neighbours: int = 5
    iterations: int = 20

    def _solve(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array]:
        if not 0 < self.weight < 1:
            raise InputError(f"weight is {self.weight}; it must be between 0 and 1")
        sides = ((x, self.weight), (y, 1 - self.weight))
        near = sum(laplacian(neighbour_graph(s, self.neighbours)) for s in (x, y))
        same = class_laplacian(labels)

        def rough(v: Array) -> Array:
            return np.asarray(self.smoothness * (near @ v + same(v)))

        inverses = [
            np.linalg.inv(s.T @ s + self.ridge / self.regression * np.eye(s.shape[1])) for s, _ in sides
        ]
        v = np.random.default_rng(self.seed).standard_normal((len(x), self.bits))
        eye = np.eye(self.bits)
        self.objective_: list[float] = []
        for _ in range(self.iterations):
            bases = [np.linalg.solve(v.T @ v + self.ridge / a * eye, v.T @ s) for s, a in sides]
            projections = [i @ (s.T @ v) for (s, _), i in zip(sides, inverses, strict=True)]
            gram = (2 * self.regression + self.ridge) * eye
            linear = np.zeros_like(v)
            for (s, a), u, p in zip(sides, bases, projections, strict=True):
                gram += a * u @ u.T
                linear += s @ (a * u.T + self.regression * p)
            # in the axes of the small matrix each column of V is a system of its own
            shifts, axes = np.linalg.eigh(gram)
            v = solve_smooth(rough, shifts, linear @ axes, v @ axes) @ axes.T
            total = (v * rough(v)).sum() + self.ridge * (v**2).sum()
            for (s, a), u, p in zip(sides, bases, projections, strict=True):
                total += a * ((s - v @ u) ** 2).sum() + self.regression * ((v - s @ p) ** 2).sum()
                total += self.ridge * ((u**2).sum() + (p**2).sum())
            self.objective_.append(float(total))
        self.training_codes_ = np.packbits(v > v.mean(axis=0), axis=1)
        return inverses[0] @ (x.T @ v), inverses[1] @ (y.T @ v)
