"""Kernel canonical correlation analysis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.kernels import mean_squared_distance, nystrom_root, rbf
from tuwen.methods.linear import LiftedSpace


@dataclass(kw_only=True, eq=False)
class KCCA(LiftedSpace):
    """Canonical correlation analysis in the feature space of a kernel.

    Exact where rows are at most `anchors`. Above that, Nyström's approximation by random rows: the cost is
    linear in the rows and memory is 16 bytes for each row and anchor.

    Args:
        anchors: Rows that stand for all.
        kernel: Gaussian (`rbf`), or the dot product (`linear`), which gives canonical correlation analysis.
        spread: Variance of the Gaussian, in half the mean squared distance of rows.
    """

    paper = Paper(
        "Canonical correlation analysis: an overview with application to learning methods",
        "Hardoon, Szedmak, Shawe-Taylor",
        "Neural Computation",
        2004,
        "https://doi.org/10.1162/0899766042321814",
    )

    anchors: int = 1000
    kernel: Literal["rbf", "linear"] = "rbf"
    spread: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.anchors < 1 or self.spread <= 0:
            raise InputError(f"anchors is {self.anchors} and spread {self.spread}; both must be above 0")

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
