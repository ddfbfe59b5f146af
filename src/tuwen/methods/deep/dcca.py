"""DCCA: deep canonical correlation analysis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from tuwen.arrays import Array, Modality
from tuwen.methods.base import Paper
from tuwen.methods.layers import correlations
from tuwen.methods.linear import canonical
from tuwen.methods.network import Batch, NetworkSpace


@dataclass(kw_only=True, eq=False)
class DCCA(NetworkSpace):
    """Canonical correlation analysis on the outputs of two networks, trained end to end.

    Raises the sum of singular values of Cuu^(-1/2) Cuv Cvv^(-1/2) of a batch; after training a linear CCA on
    the outputs of all pairs gives the directions to compare in.
    Differs from the paper: Adam on large batches, not L-BFGS on all pairs.

    Args:
        dim: Width of the common space.
        ridge: Added to the covariances of a batch.
    """

    paper = Paper(
        "Deep Canonical Correlation Analysis",
        "Andrew, Arora, Bilmes, Livescu",
        "ICML",
        2013,
        "https://proceedings.mlr.press/v28/andrew13.html",
    )

    batch_size: int = 1024
    dim: int = 10
    ridge: float = 1e-3

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        return -correlations(u.float(), v.float(), self.ridge).sum()

    def _start(self, images: Array, texts: Array, labels: Array) -> None:
        self.rotation_: dict[str, Array] = {}

    def _finish(self, images: Array, texts: Array, labels: Array) -> None:
        u, v = self._outputs(images, "image"), self._outputs(texts, "text")
        self.centre_ = {"image": u.mean(axis=0), "text": v.mean(axis=0)}
        u, v = u - self.centre_["image"], v - self.centre_["text"]
        left, right, _ = canonical(u, v, self.ridge)
        self.rotation_ = {"image": left[:, : self.dim], "text": right[:, : self.dim]}

    def _outputs(self, features: Array, modality: Modality) -> Array:
        return super()._transform(features, modality).astype(np.float64)

    def _transform(self, features: Array, modality: Modality) -> Array:
        if not self.rotation_:  # while training, epochs are compared as the outputs are
            return super()._transform(features, modality)
        made = (self._outputs(features, modality) - self.centre_[modality]) @ self.rotation_[modality]
        return np.asarray(made, dtype=np.float32)
