"""Iterative quantization."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.methods.base import Hasher, Paper
from tuwen.methods.linear import check_shared, principal_axes, shared_means


@dataclass(kw_only=True, eq=False)
class ITQ(Hasher):
    """Rotates the principal directions so that signs lose the least of them.

    For features that share one space, as a dual encoder's do. Minimises ||B - V R||² over signs B and
    rotations R in turn, where V are the centred features on their leading principal directions.
    Differs from the paper: each modality is centred by its own mean, which takes away the gap that dual
    encoders leave between them; and bits beyond the width of the features come from further rotations,
    started elsewhere.

    Args:
        bits: Length of the code, a multiple of 8.
        iterations: Turns of the minimisation.
    """

    paper = Paper(
        "Iterative Quantization: A Procrustean Approach to Learning Binary Codes",
        "Gong & Lazebnik",
        "CVPR",
        2011,
        "https://doi.org/10.1109/CVPR.2011.5995432",
    )
    needs_pairs = False

    iterations: int = 50

    def _fit(self, images: Array, texts: Array, labels: Array) -> None:
        check_shared(self, images, texts)
        self.means_ = shared_means(images, texts)
        centred = np.concatenate([images - self.means_["image"], texts - self.means_["text"]])
        directions = principal_axes(centred).astype(np.float32)
        rng = np.random.default_rng(self.seed)
        weights, self.errors_ = [], []
        for start in range(0, self.bits, directions.shape[1]):
            leading = directions[:, : self.bits - start]
            rotation, errors = self._rotation(centred @ leading, rng)
            weights.append(leading @ rotation)
            self.errors_.append(errors)
        self.weights_ = np.concatenate(weights, axis=1)

    def _rotation(self, projected: Array, rng: np.random.Generator) -> tuple[Array, list[float]]:
        """The rotation (c, c), and the mean squared quantisation error before each turn."""
        c = projected.shape[1]
        rotation = np.linalg.qr(rng.standard_normal((c, c)))[0].astype(np.float32)
        errors = []
        for _ in range(self.iterations):
            rotated = projected @ rotation
            signs = np.where(rotated > 0, np.float32(1), np.float32(-1))
            errors.append(float(np.mean((signs - rotated) ** 2)))
            left, _, right = np.linalg.svd(projected.T @ signs)  # eq. 3: orthogonal Procrustes
            rotation = left @ right
        return rotation, errors

    def _transform(self, features: Array, modality: Modality) -> Array:
        return np.asarray((features - self.means_[modality]) @ self.weights_)
