"""Semantics-preserving hashing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.methods.anchored import AnchoredHasher
from tuwen.methods.base import Paper
from tuwen.methods.logistic import logistic_weights


@dataclass(kw_only=True, eq=False)
class SePH(AnchoredHasher):
    """Learns codes whose nearness is distributed as the labels' likeness, then a classifier for each bit.

    Minimises KL(P || Q) + quantisation / (n bits) · || |H| - 1 ||², with P_ij the cosine of labels and
    Q_ij = 1 / (1 + ||h_i - h_j||² / 4), both made to sum to one. Each bit is then predicted by kernel
    logistic regression, alone in each modality; for items of both, the two posteriors are multiplied and
    divided by the prior.
    Differs from the paper: minimised by L-BFGS, not by gradient descent with momentum; and where there are
    more than `rows` pairs, codes are learnt for so many of them, drawn at random.

    Args:
        quantisation: The paper's alpha.
        ridge: Of the kernel logistic regression (the paper's C).
        iterations: Of the minimisation.
        rows: Most pairs whose codes are learnt; time grows with its square.
    """

    paper = Paper(
        "Semantics-Preserving Hashing for Cross-View Retrieval",
        "Lin, Ding, Hu & Wang",
        "CVPR",
        2015,
        "https://doi.org/10.1109/CVPR.2015.7299011",
    )
    needs_labels = True
    fuses = True

    quantisation: float = 0.01
    ridge: float = 0.01
    iterations: int = 100
    rows: int = 5000

    def _solve(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array]:
        rng = np.random.default_rng(self.seed)
        if len(labels) > self.rows:
            some = np.sort(rng.choice(len(labels), self.rows, replace=False))
            x, y, labels = x[some], y[some], labels[some]
        signs = np.where(self._codes(labels, rng) > 0, 1.0, -1.0)
        positive = np.clip((signs > 0).mean(axis=0), 0.5 / len(signs), 1 - 0.5 / len(signs))
        self.prior_ = np.log(positive / (1 - positive))
        return logistic_weights(x, signs, self.ridge), logistic_weights(y, signs, self.ridge)

    def _codes(self, labels: Array, rng: np.random.Generator) -> Array:
        """Real codes (n, bits) of labels."""
        from scipy.optimize import minimize

        lengths = np.linalg.norm(labels, axis=1, keepdims=True)
        units = (labels / np.maximum(lengths, 1e-12)).astype(np.float32)
        # what all of P sums to, before its diagonal is taken off
        whole = max(float((units.sum(axis=0, dtype=np.float64) ** 2).sum() - (lengths > 0).sum()), 1e-12)
        shape = len(labels), self.bits
        weight = self.quantisation / (shape[0] * shape[1])

        def objective(flat: Array) -> tuple[float, Array]:
            h = flat.reshape(shape)
            loss, gradient = _divergence(h.astype(np.float32), units, whole)
            excess = np.abs(h) - 1
            gradient += 2 * weight * excess * np.sign(h)
            return loss + weight * float((excess**2).sum()), gradient.ravel()

        self.objective_: list[float] = []
        start = rng.standard_normal(shape)
        found = minimize(
            objective, start.ravel(), jac=True, method="L-BFGS-B",
            callback=lambda intermediate_result: self.objective_.append(float(intermediate_result.fun)),
            options={"maxiter": self.iterations, "ftol": 1e-7, "gtol": 0},
        )  # fmt: skip
        return np.asarray(found.x.reshape(shape))

    def _fuse(self, images: Array, texts: Array) -> Array:
        # in log odds the product of posteriors over the prior is a sum
        return np.asarray(self._transform(images, "image") + self._transform(texts, "text") - self.prior_)


def _divergence(h: Array, units: Array, whole: float, block: int = 256) -> tuple[float, Array]:
    """KL(P || Q), but for the entropy of P, and its gradient (n, bits); no (n, n) matrix is kept."""
    squares = np.einsum("ij,ij->i", h, h) / 4 + np.float32(0.5)  # half of the one of 1 + d²/4
    attraction, loss, mass = np.zeros(h.shape), 0.0, 0.0
    repulsion = np.zeros(h.shape)
    for start in range(0, len(h), block):
        rows = slice(start, start + block)
        spread = h[rows] @ (h.T / -2)  # becomes 1 + d²/4
        spread += squares[rows, None]
        spread += squares
        places = np.arange(len(spread))
        p = units[rows] @ units.T
        p[places, start + places] = 0
        near = np.reciprocal(spread)
        near[places, start + places] = 0
        loss += float(np.vdot(p, np.log(spread))) / whole
        mass += float(near.sum(dtype=np.float64))
        p *= near
        attraction[rows] = p.sum(axis=1)[:, None] * h[rows] - p @ h
        near *= near
        repulsion[rows] = near.sum(axis=1)[:, None] * h[rows] - near @ h
    return loss + float(np.log(max(mass, 1e-300))), attraction / whole - repulsion / max(mass, 1e-300)
