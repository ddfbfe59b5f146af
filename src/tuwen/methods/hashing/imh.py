"""Inter-media hashing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.graphs import Metric, laplacian, neighbour_graph
from tuwen.methods.linear import LinearHasher, check_variant, fixed_signs


@dataclass(kw_only=True, eq=False)
class IMH(LinearHasher):
    """Gives both items of a pair one smooth code: near items of each modality get near codes.

    Minimises Σ over modalities of smoothness · tr(VᵀLV) + min ||X W + 1b - V||² + ridge ||W||² over
    VᵀV = I: the smallest eigenvectors of an (n, n) matrix that is sparse plus low rank, found by Lanczos
    without building it. Thresholds are the medians of the training items.
    Differs from the paper: V is the same for both items of a pair (the released code's weight of 10¹⁰ on
    that comes to the same), and Laplacians are normalised.

    Args:
        neighbours: Of each item in its modality's graph.
        smoothness: The paper's lambda.
        ridge: The paper's beta.
        variant: `released` does as public code does: features neither centred nor scaled, Laplacians not
            normalised, the constant direction kept as a bit, and thresholds that are the medians of whatever
            batch is coded, so that a code depends on its company. That code's graph has `neighbours=1`.
    """

    paper = Paper(
        "Inter-Media Hashing for Large-Scale Retrieval from Heterogeneous Data Sources",
        "Song, Yang, Yang, Huang & Shen",
        "SIGMOD",
        2013,
        "https://doi.org/10.1145/2463676.2465274",
    )

    neighbours: int = 5
    smoothness: float = 1.0
    ridge: float = 1.0
    variant: Literal["paper", "released"] = "paper"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_variant(self.variant)

    def _learn(self, features: Array, modality: Modality) -> Array:
        learn = super()._learn if self.variant == "paper" else self._as_given
        return learn(features, modality)

    def _solve(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array]:
        if self.bits >= len(x):
            raise InputError(
                f"bits is {self.bits}, but there are {len(x)} pairs; use more pairs or fewer bits"
            )
        inverses = [np.linalg.inv(s.T @ s + self.ridge * np.eye(s.shape[1])) for s in (x, y)]
        v = self._smoothest(x, y, inverses)
        weights = [inverse @ (s.T @ v) for s, inverse in zip((x, y), inverses, strict=True)]
        self.thresholds_ = {
            "image": np.median(x @ weights[0], axis=0).astype(np.float32),
            "text": np.median(y @ weights[1], axis=0).astype(np.float32),
        }
        return weights[0], weights[1]

    def _smoothest(self, x: Array, y: Array, inverses: list[Array]) -> Array:
        """The smallest eigenvectors (n, bits) but the constant one."""
        from scipy.sparse.linalg import LinearOperator, eigsh

        n, paper = len(x), self.variant == "paper"
        metric: Metric = "cosine" if paper else "euclidean"
        graphs = [neighbour_graph(s, self.neighbours, metric) for s in (x, y)]
        rough = sum(laplacian(graph, normalised=paper) for graph in graphs) * self.smoothness
        # no eigenvalue of the whole is larger
        top = 2 + 2 * self.smoothness * sum(
            1.0 if paper else float(graph.sum(axis=1).max()) for graph in graphs
        )

        def flipped(v: Array) -> Array:
            """Top · v - M v, less the constant direction: Lanczos finds the largest eigenvalues best."""
            v = v - v.mean() if paper else v
            out = (top - 2) * v - rough @ v
            for s, inverse in zip((x, y), inverses, strict=True):
                out += s @ (inverse @ (s.T @ v))
            return np.asarray(out - out.mean() if paper else out)

        operator = LinearOperator((n, n), matvec=flipped, dtype=np.float64)
        start = np.random.default_rng(self.seed).standard_normal(n)
        values, vectors = eigsh(operator, k=self.bits, which="LA", v0=start, tol=1e-6)
        self.eigenvalues_ = top - values[::-1]
        vectors = vectors[:, ::-1] * np.sqrt(n)
        return np.asarray(vectors * fixed_signs(vectors))

    def _transform(self, features: Array, modality: Modality) -> Array:
        values = super()._transform(features, modality)
        if self.variant == "released" and len(values):
            return np.asarray(values - np.median(values, axis=0))
        return np.asarray(values - self.thresholds_[modality])
