"""Semantic-assisted visual hashing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.methods.base import Paper
from tuwen.methods.discrete import as_signs
from tuwen.methods.kernels import centres, mean_squared_distance, rbf
from tuwen.methods.linear import LinearHasher, check_rank, fixed_signs, inverse_root, rank_of


@dataclass(kw_only=True, eq=False)
class SAVH(LinearHasher):
    """Lets texts say which images belong together: codes are smooth over a hypergraph of topics.

    A topic is a hyperedge that holds items by how near their texts are to its centre. Minimises
    tr(Zᵀ L Z) + visual min_W (||Z - X W||² + ridge ||W||²) - textual ||Zᵀ Y||² / ||Y||² over ZᵀZ = I, L the
    hypergraph's normalised Laplacian: the leading singular vectors of all factors side by side. Z is then
    turned until signs lose the least of it, as in ITQ, and both modalities' codes are their regressions on
    those signs.
    Re-derived from the paper. Differs from it: texts, which there only assist, get a hash function too.

    Args:
        topics: Hyperedges.
        visual: How much codes must be told from images.
        textual: How much they must tell of texts.
        ridge: Of the regressions.
        turns: Of the rotation.
    """

    paper = Paper(
        "Unsupervised Visual Hashing with Semantic Assistant for Content-Based Image Retrieval",
        "Zhu, Shen, Xie & Cheng",
        "IEEE Transactions on Knowledge and Data Engineering",
        2017,
        "https://doi.org/10.1109/TKDE.2016.2562624",
    )
    fuses = True

    topics: int = 100
    visual: float = 0.1
    textual: float = 1.0
    ridge: float = 1.0
    turns: int = 50

    def _solve(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array]:
        z = self._smoothest(x, y)
        rotation = np.linalg.qr(np.random.default_rng(self.seed).standard_normal((self.bits, self.bits)))[0]
        self.losses_: list[float] = []
        for _ in range(self.turns):
            signs = as_signs(z @ rotation)
            self.losses_.append(float(((signs - z @ rotation) ** 2).mean()))
            left, _, right = np.linalg.svd(z.T @ signs)
            rotation = left @ right
        signs = as_signs(z @ rotation)
        wx, wy = (np.linalg.solve(s.T @ s + self.ridge * np.eye(s.shape[1]), s.T @ signs) for s in (x, y))
        return wx, wy

    def _smoothest(self, x: Array, y: Array) -> Array:
        """Z (n, bits), of columns with squared length n."""
        places = centres(y, self.topics, self.seed)
        held = rbf(y, places, mean_squared_distance(y) / 8)  # (n, topics)
        held /= np.maximum(held.sum(axis=1, keepdims=True), 1e-12)
        edges = held / np.sqrt(np.maximum(held.sum(axis=0), 1e-12))
        told = x @ inverse_root(x, self.ridge / len(x)) * np.sqrt(self.visual / len(x))
        seen = y * np.sqrt(self.textual) / max(float(np.linalg.norm(y)), 1e-12)
        factors = np.concatenate([edges, told, seen], axis=1)
        factors -= factors.mean(axis=0)  # the constant, smoothest of all, tells nothing
        values, vectors = np.linalg.eigh(factors.T @ factors)
        rank = min(rank_of(values), len(x) - 1)
        check_rank(self, "bits", rank, "topics and features have no more directions")
        leading = vectors[:, ::-1][:, : self.bits] / np.sqrt(values[::-1][: self.bits])
        z = factors @ leading * np.sqrt(len(x))
        self.eigenvalues_ = values[::-1][: self.bits]
        return np.asarray(z * fixed_signs(z))
