"""Semantic topic multimodal hashing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.methods.base import Paper
from tuwen.methods.discrete import as_signs, coordinate_signs
from tuwen.methods.linear import LinearHasher


@dataclass(kw_only=True, eq=False)
class STMH(LinearHasher):
    """Finds which topics a text has and which concepts an image has, and maps concepts to topics.

    Minimises ||Y - G F||² + robust Σ ||x_i - v_i U|| + coupling ||G - V R||² + ridge (||V||² + ||U||²
    + ||R||² + ||F||²), where G are signs, found bit by bit; the unsquared lengths forgive outlying images.
    An image is coded by its regression on V R, a text by that on its topics; an item of both has G.
    Re-derived from the paper. Differs from it: topics are +1 or -1 of centred texts instead of 1 or 0, and
    a code need not have as many ones as zeros.

    Args:
        robust: Of the images' factorisation (the paper's r).
        coupling: The paper's lambda.
        ridge: The paper's gamma.
        iterations: Turns of the minimisation.
    """

    paper = Paper(
        "Semantic Topic Multimodal Hashing for Cross-Media Retrieval",
        "Wang, Gao, Wang & He",
        "IJCAI",
        2015,
        "https://www.ijcai.org/Abstract/15/546",
    )
    fuses = True

    robust: float = 0.5
    coupling: float = 0.5
    ridge: float = 1e-4
    iterations: int = 10

    def _solve(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array]:
        rng = np.random.default_rng(self.seed)
        eye = self.ridge * np.eye(self.bits)
        g = as_signs(y @ rng.standard_normal((y.shape[1], self.bits)))
        v, u = rng.standard_normal((len(x), self.bits)), np.zeros((self.bits, x.shape[1]))
        lengths = np.maximum(np.linalg.norm(x, axis=1), 1e-6)
        self.objective_: list[float] = []
        for _ in range(self.iterations):
            f = np.linalg.solve(g.T @ g + eye, g.T @ y)
            r = np.linalg.solve(self.coupling * v.T @ v + eye, self.coupling * v.T @ g)
            # half-quadratic: an unsquared length is a square over twice the present length
            half = self.robust / (2 * lengths)[:, None]
            u = np.linalg.solve(v.T @ (half * v) + eye, v.T @ (half * x))
            v = self._concepts(x, half, u, r, g)
            g = coordinate_signs(g, y @ f.T + self.coupling * v @ r, f @ f.T)
            lengths = np.maximum(np.linalg.norm(x - v @ u, axis=1), 1e-6)
            rest = sum((part**2).sum() for part in (v, u, r, f))
            fits = ((y - g @ f) ** 2).sum() + self.coupling * ((g - v @ r) ** 2).sum()
            self.objective_.append(float(fits + self.robust * lengths.sum() + self.ridge * rest))
        self.topics_ = self._turned_back(f.T, "text").T
        wx = np.linalg.solve(x.T @ x + np.eye(x.shape[1]), x.T @ (v @ r))
        wy = np.linalg.solve(f @ f.T + self.coupling * np.eye(self.bits), f).T
        return wx, wy

    def _concepts(self, x: Array, half: Array, u: Array, r: Array, g: Array) -> Array:
        """V, each row by its own linear system: in the axes in which those of all rows are diagonal."""
        from scipy.linalg import eigh

        # u uᵀ and coupling r rᵀ + ridge I become diagonal together, so that a row's weight only scales
        values, axes = eigh(u @ u.T, self.coupling * r @ r.T + self.ridge * np.eye(self.bits))
        linear = half * (x @ u.T) + self.coupling * g @ r.T
        return np.asarray((linear @ axes) / (half * values + 1) @ axes.T)

    def _fuse(self, images: Array, texts: Array) -> Array:
        v_r = self._transform(images, "image")
        y = self._centred(texts, "text")
        start = as_signs(self._transform(texts, "text"))
        return coordinate_signs(
            start, y @ self.topics_.T + self.coupling * v_r, self.topics_ @ self.topics_.T
        )
