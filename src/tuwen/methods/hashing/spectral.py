"""Spectral hashing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.methods.base import Hasher, Paper
from tuwen.methods.linear import check_shared, fixed_signs, principal_axes, shared_means


@dataclass(kw_only=True, eq=False)
class Spectral(Hasher):
    """Signs of the slowest waves over the box that the items' principal components fill.

    If components were uniform on [a, b], the smoothest functions of the items would be
    sin(π/2 + m π (v - a) / (b - a)), of which those of smallest m / (b - a) over all components are taken.
    The baseline for features that share one space, as a dual encoder's do.
    Differs from the paper: each modality is centred by its own mean.
    """

    paper = Paper(
        "Spectral Hashing",
        "Weiss, Torralba & Fergus",
        "NIPS",
        2008,
        "https://papers.nips.cc/paper/2008/hash/d58072be2820e8682c0a27c0518e805e-Abstract.html",
    )
    needs_pairs = False

    def _fit(self, images: Array, texts: Array, labels: Array) -> None:
        check_shared(self, images, texts)
        self.means_ = shared_means(images, texts)
        centred = np.concatenate([images - self.means_["image"], texts - self.means_["text"]])
        vectors = principal_axes(centred)[:, : self.bits]
        vectors = vectors * fixed_signs(vectors)
        projected = centred @ vectors
        low, spans = projected.min(axis=0), np.ptp(projected, axis=0)
        # frequencies of the first waves of each component; a component that nothing varies along has none
        spans = np.where(spans > spans.max() * 1e-6, spans, 1e-300)
        speeds = np.arange(1, self.bits + 1)[:, None] / spans
        slowest = np.argsort(speeds, axis=None, kind="stable")[: self.bits]
        components = slowest % len(spans)
        self.frequencies_ = np.pi * speeds.ravel()[slowest]
        self.weights_ = vectors[:, components].astype(np.float32)
        self.starts_ = low[components]

    def _transform(self, features: Array, modality: Modality) -> Array:
        projected = (features - self.means_[modality]) @ self.weights_
        return np.asarray(np.cos((projected - self.starts_) * self.frequencies_))
