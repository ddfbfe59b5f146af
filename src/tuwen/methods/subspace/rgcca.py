"""Regularised generalised canonical correlation analysis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.methods.base import Paper, check_members
from tuwen.methods.linear import LinearSpace, check_rank, fixed_signs, inverse_root_of, moments

_SCHEMES = ("factorial", "centroid", "horst")


@dataclass(kw_only=True, eq=False)
class RGCCA(LinearSpace):
    """Finds scores of every view with the largest sum of g(covariance) over all pairs of views.

    Each score X a is bound by tau ‖a‖² + (1 − tau) var(X a) = 1: correlation at tau 0, covariance at tau 1.
    One view at a time is set to its best for the others, which never lowers the sum; then each view is
    cleared of its own score, and the next is sought. Labels, where given to `fit`, are the third view.

    Args:
        dim: Width of the common space.
        tau: Shrinkage of the covariances, 0 to 1; None estimates one for each view (Schäfer & Strimmer).
        scheme: g is the square (`factorial`), the absolute value (`centroid`) or the value itself (`horst`).
        iterations: At most, for one score.
    """

    paper = Paper(
        "Regularized generalized canonical correlation analysis",
        "Tenenhaus, Tenenhaus",
        "Psychometrika",
        2011,
        "https://doi.org/10.1007/s11336-011-9206-8",
    )

    dim: int = 8
    tau: float | None = None
    scheme: Literal["factorial", "centroid", "horst"] = "factorial"
    iterations: int = 1000

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tau is not None and not 0 <= self.tau <= 1:
            raise InputError(f"tau is {self.tau}; it must lie between 0 and 1, or be None to estimate it")
        if self.scheme not in _SCHEMES:
            raise InputError(f"scheme is {self.scheme!r}; it is one of {', '.join(_SCHEMES)}")

    def _solve(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array]:
        check_members(self, labels)
        views = [x, y]
        if labels.shape[1]:
            mean, deviation = moments(labels)
            views.append((labels - mean) / deviation)
        self.taus_ = [shrinkage(view) if self.tau is None else self.tau for view in views]
        left = [[a.T @ b / len(x) for b in views] for a in views]  # covariances of what is left
        rights = [np.eye(view.shape[1]) for view in views]  # what clears a view of its scores
        found: list[tuple[Array, Array]] = []
        self.objective_: list[list[float]] = []
        for _ in range(self.dim):
            weights, values = self._block(left)
            floor = 1e-9 * self.objective_[0][-1] if found else 1e-12
            if not abs(values[-1]) > floor or not all(np.any(w) for w in weights[:2]):
                check_rank(self, "dim", len(found), "no more directions are shared")
            self.objective_.append(values)
            whole = [right @ w for right, w in zip(rights, weights, strict=True)]
            sign = 1.0 if weights[0] @ left[0][1] @ weights[1] >= 0 else -1.0  # a pair's scores agree
            found.append((whole[0], whole[1] * sign))
            for v, w in enumerate(weights):
                load = left[v][v] @ w
                load /= max(float(w @ load), 1e-12)
                rights[v] = rights[v] - np.outer(rights[v] @ w, load)
                for o in range(len(views)):
                    left[v][o] = left[v][o] - np.outer(load, w @ left[v][o])
                    left[o][v] = left[o][v] - np.outer(left[o][v] @ w, load)
        return np.stack([u for u, _ in found], axis=1), np.stack([v for _, v in found], axis=1)

    def _block(self, s: list[list[Array]]) -> tuple[list[Array], list[float]]:
        """Weights of each view from the covariances of all pairs, and the sum before and after each round."""
        views = range(len(s))
        roots = [inverse_root_of(t * np.eye(len(s[v][v])) + (1 - t) * s[v][v], 0.0)
                 for v, t in enumerate(self.taus_)]  # fmt: skip
        weights = []
        for v in views:
            first = np.linalg.eigh(s[v][v])[1][:, -1:]
            weights.append(_scaled(roots[v], (first * fixed_signs(first))[:, 0]))
        values = [self._sum(s, weights)]
        for _ in range(self.iterations):
            for v in views:
                pulls = [s[v][w] @ weights[w] for w in views if w != v]
                slopes = [self._slope(weights[v] @ pull) for pull in pulls]
                weights[v] = _scaled(roots[v], np.array(slopes) @ np.array(pulls))
            values.append(self._sum(s, weights))
            if values[-1] - values[-2] <= 1e-12 * abs(values[-1]):
                break
        return weights, values

    def _slope(self, covariance: float) -> float:
        """The derivative of g, but for a factor."""
        if self.scheme == "horst":
            return 1.0
        return covariance if self.scheme == "factorial" else float(np.sign(covariance) or 1.0)

    def _sum(self, s: list[list[Array]], weights: list[Array]) -> float:
        pairs = [(v, w) for v in range(len(s)) for w in range(v)]
        found = np.array([weights[v] @ s[v][w] @ weights[w] for v, w in pairs])
        return float({"factorial": found**2, "centroid": np.abs(found), "horst": found}[self.scheme].sum())


def _scaled(root: Array, pull: Array) -> Array:
    """The weights of most covariance with a pull, within the view's bound: M⁻¹p / √(pᵀM⁻¹p)."""
    whitened = root @ pull
    return np.asarray(root @ whitened / max(float(np.linalg.norm(whitened)), 1e-300))


def shrinkage(x: Array) -> float:
    """How far the correlations of centred columns should shrink to none, 0 to 1 (Schäfer & Strimmer 2005).

    The sum of the variances of the estimated correlations over the sum of their squares.
    """
    n = len(x)
    units = x / moments(x)[1]
    correlations = units.T @ units / n
    squares = (units**2).T @ units**2 / n
    spread = (squares - correlations**2) / max(n - 1, 1)
    np.fill_diagonal(spread, 0)
    np.fill_diagonal(correlations, 0)
    return float(np.clip(spread.sum() / max(float((correlations**2).sum()), 1e-300), 0, 1))
