"""Intra- and inter-modality similarity preserving hashing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tuwen.arrays import Array
from tuwen.methods.base import Paper
from tuwen.methods.graphs import laplacian, neighbour_graph
from tuwen.methods.linear import LinearHasher


@dataclass(kw_only=True, eq=False)
class IISPH(LinearHasher):
    """Factorises images, texts and labels into one latent vector, with projections that keep likeness.

    Minimises Σ over modalities of (||S - V U||² + regression ||V - S P||² + intra tr(PᵀSᵀ L S P)) + semantic
    ||labels - V U||² + inter Σ_ij c_ij ||P_xᵀx_i - P_yᵀy_j||² / n + ridge (||V||² + ||U||² + ||P||²). L is
    the Laplacian of neighbours, of which those of other classes do not count (the paper's shrinking), and c
    are cosines of labels. A query is coded by P, an item of both by the sum of its two; the learnt signs of
    V are `training_codes_`.
    Re-derived from the paper's description; no code was published.

    Args:
        regression: How well the projections must tell V.
        semantic: How much V must tell labels.
        intra: How near neighbours of one class stay.
        inter: How near images and texts of one class come.
        ridge: Of all matrices.
        neighbours: Of each item in its modality's graph.
        iterations: Turns of the minimisation.
    """

    paper = Paper(
        "Supervised Intra- and Inter-Modality Similarity Preserving Hashing for Cross-Modal Retrieval",
        "Chen, Zhong, Min, Leng & Ying",
        "IEEE Access",
        2018,
        "https://doi.org/10.1109/ACCESS.2018.2832141",
    )
    needs_labels = True
    fuses = True
    learns_codes = True

    standardise: bool = False
    regression: float = 100.0
    semantic: float = 10.0
    intra: float = 1.0
    inter: float = 1.0
    ridge: float = 0.01
    neighbours: int = 5
    iterations: int = 30

    def _solve(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array]:
        units = labels / np.maximum(np.linalg.norm(labels, axis=1, keepdims=True), 1e-12)
        degrees = (units @ units.sum(axis=0) / len(x))[:, None]
        pull = [s.T @ units * np.sqrt(self.inter / len(x)) for s in (x, y)]
        keeps = [
            self.intra * s.T @ (_shrunk(s, units, self.neighbours) @ s) + self.inter * s.T @ (degrees * s)
            for s in (x, y)
        ]
        wholes = [
            self.regression * s.T @ s + keep + self.ridge * np.eye(s.shape[1])
            for s, keep in zip((x, y), keeps, strict=True)
        ]
        told = ((x, 1.0), (y, 1.0), (labels, self.semantic))
        eye = np.eye(self.bits)
        v: Array = np.random.default_rng(self.seed).standard_normal((len(x), self.bits))
        p = [np.zeros((s.shape[1], self.bits)) for s in (x, y)]
        self.objective_: list[float] = []
        for _ in range(self.iterations):
            bases = [np.linalg.solve(a * v.T @ v + self.ridge * eye, a * v.T @ s) for s, a in told]
            for side, s in enumerate((x, y)):
                other = pull[side] @ (pull[1 - side].T @ p[1 - side])
                p[side] = np.linalg.solve(wholes[side], self.regression * s.T @ v + other)
            gram = (2 * self.regression + self.ridge) * eye + sum(
                a * u @ u.T for (_, a), u in zip(told, bases, strict=True)
            )
            linear = self.regression * (x @ p[0] + y @ p[1])
            linear = linear + sum(a * s @ u.T for (s, a), u in zip(told, bases, strict=True))
            v = np.linalg.solve(gram, linear.T).T
            total = self.ridge * sum((part**2).sum() for part in (v, *bases, *p))
            total += sum(a * ((s - v @ u) ** 2).sum() for (s, a), u in zip(told, bases, strict=True))
            for s, q, keep in zip((x, y), p, keeps, strict=True):
                total += self.regression * ((v - s @ q) ** 2).sum() + (q * (keep @ q)).sum()
            self.objective_.append(float(total - 2 * ((pull[0].T @ p[0]) * (pull[1].T @ p[1])).sum()))
        self.training_codes_ = np.packbits(v > v.mean(axis=0), axis=1)
        return p[0], p[1]


def _shrunk(features: Array, units: Array, neighbours: int) -> Any:
    """The Laplacian of neighbours, each weighted by the cosine of its labels."""
    from scipy.sparse import csr_matrix

    graph = neighbour_graph(features, neighbours).tocoo()
    weights = graph.data * np.einsum("ij,ij->i", units[graph.row], units[graph.col])
    return laplacian(csr_matrix((weights, (graph.row, graph.col)), shape=graph.shape))
