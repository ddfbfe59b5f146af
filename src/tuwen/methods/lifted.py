"""Bases for methods that are linear in many fixed functions of the features, kernels above all."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.errors import InputError
from tuwen.methods.base import Coder, CommonSpace
from tuwen.methods.kernels import mean_squared_distance, nystrom_root, rbf
from tuwen.methods.linear import moments


@dataclass(kw_only=True, eq=False)
class Lifted(Coder):
    """Features are standardised, lifted to many more by a fixed function, and centred there."""

    def _lifted(self, images: Array, texts: Array) -> tuple[Array, Array]:
        """Choose the function from training features; gives them lifted and centred, float64."""
        self.moments_ = {"image": np.stack(moments(images)), "text": np.stack(moments(texts))}
        x, y = self._scaled(images, "image"), self._scaled(texts, "text")
        self._prepare(x, y)
        x, y = self._lift(x, "image"), self._lift(y, "text")
        self.means_ = {"image": x.mean(axis=0), "text": y.mean(axis=0)}
        x -= self.means_["image"]
        y -= self.means_["text"]
        return x, y

    def _scaled(self, features: Array, modality: Modality) -> Array:
        mean, deviation = self.moments_[modality]
        return np.asarray((features.astype(np.float64) - mean) / deviation)

    def _hold(self, u: Array, v: Array) -> None:
        """Keep the projections (many, width) of images and of texts."""
        self.weights_ = {"image": u, "text": v}

    def _transform(self, features: Array, modality: Modality) -> Array:
        lifted = self._lift(self._scaled(features, modality), modality)
        return np.asarray((lifted - self.means_[modality]) @ self.weights_[modality])

    @abstractmethod
    def _prepare(self, x: Array, y: Array) -> None:
        """Choose the function from standardised training features."""

    @abstractmethod
    def _lift(self, x: Array, modality: Modality) -> Array:
        """New features (n, many) of standardised ones."""


@dataclass(kw_only=True, eq=False)
class Kernelled(Lifted):
    """Lifts to the feature space of a kernel: exactly where rows are at most `anchors`.

    Above that, Nyström's approximation by random rows: the cost is linear in the rows and memory is 16 bytes
    for each row and anchor. Centring there is centring of the kernels, of training and of new items alike.

    Args:
        anchors: Rows that stand for all.
        kernel: Gaussian (`rbf`), or the dot product (`linear`), which gives the method without a kernel.
        spread: Variance of the Gaussian, in half the mean squared distance of rows.
    """

    anchors: int = 1000
    kernel: Literal["rbf", "linear"] = "rbf"
    spread: float = 1.0

    def __post_init__(self) -> None:
        if self.anchors < 1 or self.spread <= 0:
            raise InputError(f"anchors is {self.anchors} and spread {self.spread}; both must be above 0")
        if self.kernel not in ("rbf", "linear"):
            raise InputError(f"kernel is {self.kernel!r}; it is 'rbf' or 'linear'")

    def _prepare(self, x: Array, y: Array) -> None:
        rows = np.sort(np.random.default_rng(self.seed).permutation(len(x))[: self.anchors])
        self.anchors_ = {"image": x[rows], "text": y[rows]}
        self.variances_ = {
            "image": self.spread * mean_squared_distance(x) / 2,
            "text": self.spread * mean_squared_distance(y) / 2,
        }
        self.roots_ = {
            "image": nystrom_root(self._kernel(self.anchors_["image"], "image")),
            "text": nystrom_root(self._kernel(self.anchors_["text"], "text")),
        }

    def _lift(self, x: Array, modality: Modality) -> Array:
        return np.asarray(self._kernel(x, modality) @ self.roots_[modality])

    def _kernel(self, x: Array, modality: Modality) -> Array:
        anchors = self.anchors_[modality]
        return np.asarray(
            x @ anchors.T if self.kernel == "linear" else rbf(x, anchors, self.variances_[modality])
        )


@dataclass(kw_only=True, eq=False)
class LiftedSpace(Lifted, CommonSpace):
    """A common space of `dim` directions of lifted features."""

    dim: int = 8

    def __post_init__(self) -> None:
        CommonSpace.__post_init__(self)

    def _fit(self, images: Array, texts: Array, labels: Array) -> None:
        self._hold(*self._solve(*self._lifted(images, texts)))

    @abstractmethod
    def _solve(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Projections (many, dim) of both from lifted and centred features, float64."""
