"""Latent semantic sparse hashing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array, Modality, unit_rows
from tuwen.methods.base import Hasher, Paper
from tuwen.methods.linear import fixed_signs, principal_axes
from tuwen.methods.sparse import better_atoms, short_rows, sparse_codes


@dataclass(kw_only=True, eq=False)
class LSSH(Hasher):
    """Sparse codes of images and factors of texts meet in one latent vector, whose signs are the code.

    Minimises, in turn for each of its matrices, ||X - S B||² + sparsity |S|₁ + weight ||T - Y A||²
    + coupling ||Y - S R||², where the rows of B, A and R have length at most one. An image is coded by S R,
    a text by the Y of its factorisation, an item of both by the Y that minimises the whole.
    Differs from the paper: dictionaries are improved atom by atom, not through the Lagrange dual; bits are
    cut at the means of the training items; and where there are more than `rows` pairs, the dictionaries are
    learnt from so many, drawn at random.

    Args:
        atoms: Rows of B; there are never more than pairs.
        sparsity: The paper's rho.
        weight: The paper's mu.
        coupling: The paper's lambda.
        image_dim: Principal components of the images that are coded.
        iterations: Turns of the minimisation.
        rows: Most pairs to learn from.
    """

    paper = Paper(
        "Latent Semantic Sparse Hashing for Cross-Modal Similarity Search",
        "Zhou, Ding & Guo",
        "SIGIR",
        2014,
        "https://doi.org/10.1145/2600428.2609610",
    )
    fuses = True

    atoms: int = 512
    sparsity: float = 0.2
    weight: float = 0.5
    coupling: float = 0.2
    image_dim: int = 64
    iterations: int = 20
    rows: int = 10_000

    def _fit(self, images: Array, texts: Array, labels: Array) -> None:
        rng = np.random.default_rng(self.seed)
        self.means_ = {"image": images.mean(axis=0), "text": texts.mean(axis=0)}
        if len(images) > self.rows:
            some = np.sort(rng.choice(len(images), self.rows, replace=False))
            images, texts = images[some], texts[some]
        centred = images - self.means_["image"]
        vectors = principal_axes(centred)[:, : self.image_dim]
        self.components_ = (vectors * fixed_signs(vectors)).astype(np.float32)
        x, t = self._prepared(images, "image"), self._prepared(texts, "text")
        atoms = min(self.atoms, len(x))
        self.b_ = short_rows(rng.standard_normal((atoms, x.shape[1])))
        self.r_ = short_rows(rng.standard_normal((atoms, self.bits)))
        self.a_ = short_rows(rng.standard_normal((self.bits, t.shape[1])))
        s, y = np.zeros((len(x), len(self.b_))), self._factor(t)
        self.objective_: list[float] = []
        for _ in range(self.iterations):
            s = self._sparse(x, s, y)
            self.b_, self.r_ = better_atoms(x, s, self.b_), better_atoms(y, s, self.r_)
            y = self._factor(t, s @ self.r_)
            self.a_ = better_atoms(t, y, self.a_)
            self.objective_.append(self._objective(x, t, s, y))
        self.thresholds_ = {"image": (s @ self.r_).mean(axis=0), "text": self._factor(t).mean(axis=0)}
        self.fused_threshold_ = y.mean(axis=0)

    def _prepared(self, features: Array, modality: Modality) -> Array:
        centred = features - self.means_[modality]
        return (unit_rows(centred @ self.components_) if modality == "image" else centred).astype(np.float64)

    def _objective(self, x: Array, t: Array, s: Array, y: Array) -> float:
        images = ((x - s @ self.b_) ** 2).sum() + self.sparsity * np.abs(s).sum()
        texts = self.weight * ((t - y @ self.a_) ** 2).sum()
        return float(images + texts + self.coupling * ((y - s @ self.r_) ** 2).sum())

    def _sparse(self, x: Array, start: Array, y: Array | None = None, steps: int = 15) -> Array:
        """Sparse codes (n, atoms) of images, drawn to latent vectors where those are given."""
        gram, linear = self.b_ @ self.b_.T, x @ self.b_.T
        if y is not None:
            gram, linear = gram + self.coupling * self.r_ @ self.r_.T, linear + self.coupling * y @ self.r_.T
        return sparse_codes(gram, linear, start, self.sparsity, steps)

    def _factor(self, t: Array, near: Array | None = None) -> Array:
        """Latent vectors (n, bits) of texts, drawn to those of their images where given, else to zero."""
        linear = self.weight * t @ self.a_.T
        if near is not None:
            linear += self.coupling * near
        gram = self.weight * self.a_ @ self.a_.T + self.coupling * np.eye(self.bits)
        return np.asarray(np.linalg.solve(gram, linear.T).T)

    def _transform(self, features: Array, modality: Modality) -> Array:
        values = self._prepared(features, modality)
        if modality == "text":
            return np.asarray(self._factor(values) - self.thresholds_["text"])
        s = self._sparse(values, np.zeros((len(values), len(self.b_))), steps=60)
        return np.asarray(s @ self.r_ - self.thresholds_["image"])

    def _fuse(self, images: Array, texts: Array) -> Array:
        x, t = self._prepared(images, "image"), self._prepared(texts, "text")
        s, y = np.zeros((len(x), len(self.b_))), self._factor(t)
        for _ in range(5):
            s = self._sparse(x, s, y)
            y = self._factor(t, s @ self.r_)
        return np.asarray(y - self.fused_threshold_)
