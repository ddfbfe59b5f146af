"""The base of networks whose outputs are compared after a last, linear CCA."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.errors import InputError
from tuwen.methods.linear import canonical
from tuwen.methods.network import Pairs
from tuwen.methods.towers import NetworkSpace


@dataclass(kw_only=True, eq=False)
class CorrelatedSpace(NetworkSpace):
    """Networks, and a linear CCA of all their outputs once they are trained.

    Correlation does not change when outputs are mixed linearly: without the last step the outputs of both
    modalities have nothing in common but their span.
    """

    ridge: float = 1e-3

    def _start(self, images: Array, texts: Array, labels: Array) -> None:
        if len(images) <= self.dim:
            raise InputError(f"dim is {self.dim}, but only {len(images)} pairs are learned from; lower it")
        self._learned = images, texts

    def _validate(self, pairs: Pairs | None) -> float:
        if pairs is not None:  # epochs are compared by what would be kept, each with a CCA of its own
            self.net_.eval()
            self._correlate(*self._learned)
        return super()._validate(pairs)

    def _finish(self, images: Array, texts: Array, labels: Array) -> None:
        del self._learned
        self._correlate(images, texts)

    def _correlate(self, images: Array, texts: Array) -> None:
        u, v = self._outputs(images, "image"), self._outputs(texts, "text")
        self.centre_ = {"image": u.mean(axis=0), "text": v.mean(axis=0)}
        left, right, _ = canonical(u - self.centre_["image"], v - self.centre_["text"], self.ridge)
        self.rotation_ = {"image": left[:, : self.dim], "text": right[:, : self.dim]}

    def _outputs(self, features: Array, modality: Modality) -> Array:
        return super()._transform(features, modality).astype(np.float64)

    def _transform(self, features: Array, modality: Modality) -> Array:
        made = (self._outputs(features, modality) - self.centre_[modality]) @ self.rotation_[modality]
        return np.asarray(made, dtype=np.float32)
