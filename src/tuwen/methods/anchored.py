"""The base of hashers that see an item through its likeness to a few hundred anchors."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.errors import InputError
from tuwen.methods.base import Hasher
from tuwen.methods.kernels import centres, mean_squared_distance, nystrom_root, rbf, signed_roots


@dataclass(kw_only=True, eq=False)
class AnchoredHasher(Hasher):
    """Hashes with one kernel machine a bit and modality; a subclass finds their weights.

    The kernel is exp(-d² / (kernel_width · s)), with s the mean squared distance of the training rows. Its
    explicit features are those of Nyström: weights there are as long as in the kernel's own space. Time and
    memory grow with n · anchors, never with n².

    Args:
        anchors: How many rows stand for all: centres of k-means.
        kernel_width: Against the mean squared distance; a half was best on held-out pairs of Wikipedia.
        roots: Take square roots of features first, with their signs: for histograms and topics, whose
            distance is then Hellinger's.
    """

    anchors: int = 500
    kernel_width: float = 0.5
    roots: bool = False

    def _fit(self, images: Array, texts: Array, labels: Array) -> None:
        if self.kernel_width <= 0:
            raise InputError(f"kernel_width is {self.kernel_width}; it must be above 0")
        self.means_: dict[str, Array] = {}
        self.variances_: dict[str, float] = {}
        self.anchors_: dict[str, Array] = {}
        for modality, given in (("image", images), ("text", texts)):
            features = self._rooted(given)
            self.means_[modality] = features.mean(axis=0, dtype=np.float64)
            self.variances_[modality] = self.kernel_width / 2 * mean_squared_distance(features)
        (x, root_x), (y, root_y) = self._learn(images, "image"), self._learn(texts, "text")
        weights = self._solve(x, y, labels.astype(np.float64))
        self.weights_ = {"image": root_x @ weights[0], "text": root_y @ weights[1]}

    def _learn(self, features: Array, modality: Modality) -> tuple[Array, Array]:
        """Anchors of a modality; gives the explicit features (n, r) and what makes them of kernel columns."""
        centred = self._centred(features, modality)
        self.anchors_[modality] = centres(centred, self.anchors, self.seed)
        places = self.anchors_[modality]
        root = nystrom_root(rbf(places, places, self.variances_[modality]))
        return rbf(centred, places, self.variances_[modality]) @ root, root

    def _centred(self, features: Array, modality: Modality) -> Array:
        return np.asarray(self._rooted(features) - self.means_[modality])

    def _rooted(self, features: Array) -> Array:
        return signed_roots(features) if self.roots else features

    @abstractmethod
    def _solve(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array]:
        """Weights (r_image, bits) and (r_text, bits) of explicit features (n, r), float64."""

    def _transform(self, features: Array, modality: Modality) -> Array:
        centred = self._centred(features, modality)
        kernel = rbf(centred, self.anchors_[modality], self.variances_[modality])
        return np.asarray(kernel @ self.weights_[modality])
