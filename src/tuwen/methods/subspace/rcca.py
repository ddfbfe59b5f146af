"""Randomised canonical correlation analysis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.kernels import mean_squared_distance
from tuwen.methods.lifted import LiftedSpace
from tuwen.methods.linear import canonical, check_rank


@dataclass(kw_only=True, eq=False)
class RCCA(LiftedSpace):
    """Canonical correlation analysis of random Fourier features, which stand for a Gaussian kernel.

    No training row is kept, and the cost is linear in the rows; memory is 16 bytes for each row and wave.

    Args:
        ridge: Added to the diagonals of both covariances of the waves.
        waves: Random features a modality.
        spread: Variance of the Gaussian, in half the mean squared distance of rows.
    """

    paper = Paper(
        "Randomized nonlinear component analysis",
        "Lopez-Paz, Sra, Smola, Ghahramani, Schölkopf",
        "ICML",
        2014,
        "https://proceedings.mlr.press/v32/lopez-paz14.html",
    )

    ridge: float = 1e-3
    waves: int = 500
    spread: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.waves < 1 or self.spread <= 0:
            raise InputError(f"waves is {self.waves} and spread {self.spread}; both must be above 0")

    def _prepare(self, x: Array, y: Array) -> None:
        rng = np.random.default_rng(self.seed)
        self.waves_: dict[str, Array] = {}
        self.phases_: dict[str, Array] = {}
        for modality, side in (("image", x), ("text", y)):
            variance = max(self.spread * mean_squared_distance(side) / 2, 1e-300)
            self.waves_[modality] = rng.normal(size=(side.shape[1], self.waves)) / np.sqrt(variance)
            self.phases_[modality] = rng.uniform(0, 2 * np.pi, self.waves)

    def _lift(self, x: Array, modality: Modality) -> Array:
        return np.asarray(
            np.sqrt(2 / self.waves) * np.cos(x @ self.waves_[modality] + self.phases_[modality])
        )

    def _solve(self, x: Array, y: Array) -> tuple[Array, Array]:
        u, v, correlations = canonical(x, y, self.ridge)
        check_rank(self, "dim", len(correlations), "no more directions correlate at all")
        self.correlations_ = correlations[: self.dim]
        return u[:, : self.dim], v[:, : self.dim]
