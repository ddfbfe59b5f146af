"""Locality-sensitive hashing by random hyperplanes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.methods.base import Hasher, Paper
from tuwen.methods.linear import check_shared, shared_means


@dataclass(kw_only=True, eq=False)
class LSH(Hasher):
    """Which side of random hyperplanes an item lies on: two codes differ in angle / pi of their bits.

    The baseline for features that share one space, as a dual encoder's do. It learns only the means.
    Differs from the paper: each modality is centred by its own mean.
    """

    paper = Paper(
        "Similarity Estimation Techniques from Rounding Algorithms",
        "Charikar",
        "STOC",
        2002,
        "https://doi.org/10.1145/509907.509965",
    )
    needs_pairs = False

    def _fit(self, images: Array, texts: Array, labels: Array) -> None:
        check_shared(self, images, texts)
        self.means_ = shared_means(images, texts)
        planes = np.random.default_rng(self.seed).standard_normal((images.shape[1], self.bits))
        self.weights_ = planes.astype(np.float32)

    def _transform(self, features: Array, modality: Modality) -> Array:
        return np.asarray((features - self.means_[modality]) @ self.weights_)
