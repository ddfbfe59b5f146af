"""A space of pictures and texts that a library's own pairs teach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.errors import InputError
from tuwen.methods.base import CommonSpace, Paper
from tuwen.methods.kernels import mean_squared_distance, nystrom_root, rbf
from tuwen.methods.linear import check_rank, fixed_signs, inverse_root_of, rank_of


@dataclass(kw_only=True, eq=False)
class OwnSpace(CommonSpace):
    """Canonical correlation of few pairs: a narrow Gaussian kernel of pictures, texts as they are.

    Of some thousand pairs, neither side has enough to tell its own noise from what both share. So both
    covariances get a ridge as large as the mean variance that each pair brings, each direction counts by
    its correlation, and columns are not scaled to one deviation, which would make the rarest words the
    loudest. The kernel is exact where pairs are at most `anchors`; above, it is Nyström's approximation by
    random pairs.

    Args:
        dim: Width of the space at most; fewer where pairs or columns are fewer.
        anchors: Pictures that stand for all in the kernel.
        spread: Variance of the Gaussian, in half the mean squared distance of pictures.
        ridge: Added to the diagonal of each covariance, in shares of its trace divided by the pairs.
        power: Each direction counts by its correlation to this power.
    """

    paper = Paper(
        "Canonical correlation analysis: an overview with application to learning methods",
        "Hardoon, Szedmak, Shawe-Taylor",
        "Neural Computation",
        2004,
        "https://doi.org/10.1162/0899766042321814",
    )

    dim: int = 256
    anchors: int = 1000
    spread: float = 0.25
    ridge: float = 0.6
    power: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.anchors < 2 or self.spread <= 0 or self.ridge <= 0:
            raise InputError(
                f"anchors is {self.anchors}, spread {self.spread} and ridge {self.ridge}; needed are at "
                "least 2, and numbers above 0"
            )

    @property
    def width(self) -> int:
        """Columns of the vectors."""
        self._check_fitted()
        return int(self.correlations_.shape[0])

    def _fit(self, images: Array, texts: Array, labels: Array) -> None:
        rows = np.sort(np.random.default_rng(self.seed).permutation(len(images))[: self.anchors])
        self.anchors_ = images[rows]
        self.variance_ = self.spread * mean_squared_distance(images) / 2
        self.root_ = nystrom_root(rbf(self.anchors_, self.anchors_, self.variance_))
        sides = {"image": self._lift(images, "image"), "text": self._lift(texts, "text")}
        self.means_ = {kind: side.mean(axis=0) for kind, side in sides.items()}
        x, y = (side - self.means_[kind] for kind, side in sides.items())
        whiten = self._whitening(x), self._whitening(y)
        u, correlations, v = np.linalg.svd(whiten[0] @ (x.T @ y / len(x)) @ whiten[1], full_matrices=False)
        rank = rank_of(correlations, 1.0)
        if not rank:
            check_rank(self, "dim", rank, "nothing of the pictures varies with the texts")
        k = min(self.dim, rank)
        self.correlations_ = correlations[:k]
        weights = fixed_signs(u[:, :k]) * self.correlations_**self.power
        self.weights_ = {
            "image": whiten[0] @ u[:, :k] * weights,
            "text": whiten[1] @ v[:k].T * weights,
        }

    def _whitening(self, x: Array) -> Array:
        """The inverse root of the covariance of centred rows, with its ridge, (d, d)."""
        covariance = x.T @ x / len(x)
        return inverse_root_of(covariance, self.ridge * float(np.trace(covariance)) / len(x))

    def _lift(self, features: Array, modality: Modality) -> Array:
        if modality == "text":
            return features.astype(np.float64)
        return np.asarray(rbf(features, self.anchors_, self.variance_) @ self.root_)

    def _transform(self, features: Array, modality: Modality) -> Array:
        return np.asarray((self._lift(features, modality) - self.means_[modality]) @ self.weights_[modality])
