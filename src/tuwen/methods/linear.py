"""Bases for methods that project each modality with one matrix, and what their solvers share."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.errors import InputError
from tuwen.methods.base import Coder, CommonSpace, Hasher


@dataclass(kw_only=True, eq=False)
class _Linear(Coder):
    """Centres, scales and projects; a subclass finds the projections.

    Args:
        standardise: Scale each feature to deviation one, so that a ridge means the same for all.
    """

    standardise: bool = True

    def _fit(self, images: Array, texts: Array, labels: Array) -> None:
        self.means_: dict[str, Array] = {}
        self.scales_: dict[str, Array] = {}
        x, y = self._learn(images, "image"), self._learn(texts, "text")
        self._axes = {"image": row_axes(x), "text": row_axes(y)}
        sides = self._turned(x, "image"), self._turned(y, "text")
        found = self._solve(*sides, labels.astype(np.float64))
        weights = self._turned_back(found[0], "image"), self._turned_back(found[1], "text")
        del self._axes
        for given, side in zip(weights, (x, y), strict=True):
            if given.shape != (side.shape[1], self.width):
                raise ValueError(f"projection has shape {given.shape}, not {(side.shape[1], self.width)}")
        self.weights_ = {
            "image": weights[0].astype(np.float32), "text": weights[1].astype(np.float32),
        }  # fmt: skip

    def _learn(self, features: Array, modality: Modality) -> Array:
        """Means and scales of training features; gives them centred and scaled, float64."""
        mean, scale = moments(features) if self.standardise else (features.mean(axis=0), None)
        self.means_[modality] = mean.astype(np.float32)
        self.scales_[modality] = (np.ones_like(mean) if scale is None else scale).astype(np.float32)
        return self._centred(features, modality).astype(np.float64)

    def _as_given(self, features: Array, modality: Modality) -> Array:
        """Instead of `_learn`, for released code that neither centres nor scales."""
        self.means_[modality] = np.zeros(features.shape[1], dtype=np.float32)
        self.scales_[modality] = np.ones(features.shape[1], dtype=np.float32)
        return features.astype(np.float64)

    def _centred(self, features: Array, modality: Modality) -> Array:
        return np.asarray((features - self.means_[modality]) / self.scales_[modality])

    def _turned(self, x: Array, modality: Modality) -> Array:
        """Centred features in the axes of their rows, where rows are fewer than columns."""
        return turned(x, self._axes[modality])

    def _turned_back(self, columns: Array, modality: Modality) -> Array:
        """Columns (d, k) for the features as given, from columns for turned ones."""
        return turned_back(columns, self._axes[modality])

    def _transform(self, features: Array, modality: Modality) -> Array:
        return np.asarray(self._centred(features, modality) @ self.weights_[modality])

    @abstractmethod
    def _solve(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array]:
        """Projections (d_image, width) and (d_text, width) from centred features, float64.

        Features wider than there are rows come turned to the axes of their rows, which costs far less and
        changes nothing for methods that know features by products and squared lengths alone.
        """


@dataclass(kw_only=True, eq=False)
class LinearSpace(_Linear, CommonSpace):
    """Centred features times one matrix a modality."""


@dataclass(kw_only=True, eq=False)
class LinearHasher(_Linear, Hasher):
    """The signs of centred features times one matrix a modality."""


def moments(features: Array) -> tuple[Array, Array]:
    """Mean and deviation of each column, (d,) float64; a constant column has deviation 1."""
    mean = features.mean(axis=0, dtype=np.float64)
    deviation = features.std(axis=0, dtype=np.float64)
    return mean, np.where(deviation > 1e-8 * np.maximum(np.abs(mean), 1e-12), deviation, 1.0)


def check_rank(method: Any, wanted: str, rank: int, why: str) -> None:
    """Refuse a width that the data cannot fill: what lies beyond the rank is noise (trap T-4).

    Args:
        method: The method.
        wanted: The parameter that is too large, `dim` or `bits`.
        rank: The largest width there is.
        why: Where the bound comes from: `the texts have rank 10`.

    Raises:
        InputError: It is more than the rank.
    """
    value = getattr(method, wanted)
    if value is not None and value <= rank:
        return
    name, most = type(method).__name__, rank // 8 * 8 if wanted == "bits" else rank
    if most:
        raise InputError(
            f"{wanted} is {value}, but {why}: {name} has at most {rank} directions here; "
            f"set {wanted} to {most} or less, or use features of higher rank"
        )
    least = (
        f"at most {rank} directions here, too few for the shortest code of 8 bits" if rank else "none here"
    )
    raise InputError(
        f"{wanted} is {value}, but {why}: {name} has {least}; "
        "use images and texts of which more features vary together, or more rows"
    )


def row_axes(x: Array) -> Array | None:
    """Orthonormal axes (d, r) that hold all rows of centred (n, d), or None where d is no more than n."""
    if x.shape[1] <= len(x):
        return None
    _, values, axes = np.linalg.svd(x, full_matrices=False)
    return np.asarray(axes[: max(rank_of(values), 1)].T)


def principal_axes(x: Array) -> Array:
    """Orthonormal axes (d, r) of centred (n, d), that of most variance first; all d where rows are enough."""
    axes = row_axes(x.astype(np.float64))
    if axes is None:
        axes = np.linalg.eigh(x.T.astype(np.float64) @ x / len(x))[1][:, ::-1]
    return np.asarray(axes)


def turned(x: Array, axes: Array | None) -> Array:
    """Rows (n, d) in their axes, (n, r), where there are axes."""
    return x if axes is None else np.asarray(x @ axes)


def turned_back(columns: Array, axes: Array | None) -> Array:
    """Columns (d, k) for rows as given, from columns (r, k) for turned ones."""
    return columns if axes is None else np.asarray(axes @ columns)


def rank_of(values: Array, largest: float | None = None) -> int:
    """How many eigenvalues or singular values are not rounding noise, against the largest."""
    values = np.abs(np.asarray(values))
    top = float(values.max(initial=0.0)) if largest is None else largest
    return int((values > top * max(values.size, 1) * np.finfo(np.float64).eps * 16).sum())


def inverse_root(x: Array, ridge: float) -> Array:
    """(XᵀX/n + ridge·I)^(-1/2), the symmetric whitening matrix, (d, d).

    Directions without variance, where there is no ridge, are left out instead of blown up.
    """
    return inverse_root_of(x.T @ x / len(x), ridge)


def inverse_root_of(covariance: Array, ridge: float) -> Array:
    """As `inverse_root`, from the covariance (d, d)."""
    values, vectors = np.linalg.eigh(covariance)
    floor = max(float(values[-1]), 1e-300) * len(values) * np.finfo(np.float64).eps * 16
    values = np.maximum(values, 0) + ridge
    scales = np.where(values > floor, 1 / np.sqrt(np.maximum(values, floor)), 0.0)
    return np.asarray((vectors * scales) @ vectors.T)


def canonical(x: Array, y: Array, ridge: float) -> tuple[Array, Array, Array]:
    """Canonical correlation analysis of centred (n, d_x) and (n, d_y).

    Returns:
        Projections (d_x, k) and (d_y, k) to all directions that correlate, the most first, and their
        correlations (k,).
    """
    n, axes = len(x), (row_axes(x), row_axes(y))
    x, y = turned(x, axes[0]), turned(y, axes[1])
    u, v, correlations = canonical_of(x.T @ x / n, x.T @ y / n, y.T @ y / n, ridge)
    return turned_back(u, axes[0]), turned_back(v, axes[1]), correlations


def canonical_of(
    within_x: Array, between: Array, within_y: Array, ridge: float
) -> tuple[Array, Array, Array]:
    """As `canonical`, from covariances (d_x, d_x), (d_x, d_y) and (d_y, d_y)."""
    whiten_x, whiten_y = inverse_root_of(within_x, ridge), inverse_root_of(within_y, ridge)
    u, values, vt = np.linalg.svd(whiten_x @ between @ whiten_y, full_matrices=False)
    k = rank_of(values, 1.0)
    signs = fixed_signs(u[:, :k])
    return whiten_x @ u[:, :k] * signs, whiten_y @ vt[:k].T * signs, values[:k]


def check_variant(variant: str) -> None:
    """Refuse a variant that is neither the paper nor the released code.

    Raises:
        InputError: It is another word.
    """
    if variant not in ("paper", "released"):
        raise InputError(f"variant is {variant!r}; it is 'paper' or 'released'")


def fixed_signs(columns: Array) -> Array:
    """+1 or -1 for each column, (k,), so that its largest entry becomes positive: refits are then equal."""
    places = np.abs(columns).argmax(axis=0)
    return np.where(columns[places, np.arange(columns.shape[1])] < 0, -1.0, 1.0)


def check_shared(method: Any, images: Array, texts: Array) -> None:
    """Refuse modalities of unlike widths, for methods that need features of one space.

    Raises:
        InputError: The widths differ.
    """
    if images.shape[1] != texts.shape[1]:
        raise InputError(
            f"images have width {images.shape[1]} and texts {texts.shape[1]}; "
            f"{type(method).__name__} needs features of one shared space"
        )


def shared_means(images: Array, texts: Array) -> dict[str, Array]:
    """The mean of each modality, (d,); one that has no rows yet is centred as the other."""
    return {
        "image": (images if len(images) else texts).mean(axis=0),
        "text": (texts if len(texts) else images).mean(axis=0),
    }


def leading_pair(matrix: Array) -> tuple[Array, Array]:
    """The first left and right singular vectors, (n,) and (m,), the left one's largest entry positive."""
    from scipy.linalg import eigh

    m = matrix.shape[1]
    v = eigh(matrix.T @ matrix, subset_by_index=[m - 1, m - 1])[1][:, 0]
    u = matrix @ v
    u = u / max(float(np.linalg.norm(u)), 1e-300)
    sign = fixed_signs(u[:, None])[0]
    return u * sign, v * sign


def shared_scores(views: list[Array], ridge: float) -> tuple[list[Array], Array]:
    """Solutions of Σ_{j≠i} S_ij w_j = ρ (S_ii + ridge·I) w_i over centred (n, d) views.

    Returns:
        Projections (d, k) of each view, the most shared first, and ρ (k,) above zero: at most the number of
        views less one, and the correlation itself where there are two.
    """
    whiten = [inverse_root(view, ridge) for view in views]
    joined = np.hstack([view @ root for view, root in zip(views, whiten, strict=True)])
    between = joined.T @ joined / len(joined)
    ends = np.cumsum([view.shape[1] for view in views])
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        between[start:end, start:end] = 0
    values, vectors = np.linalg.eigh(between)
    kept = np.flatnonzero(values > 1e-9)[::-1]
    vectors = vectors[:, kept] * fixed_signs(vectors[:, kept])
    parts = np.split(vectors, ends[:-1])
    return [root @ part for root, part in zip(whiten, parts, strict=True)], values[kept]


def covarying(xx: Array, xy: Array, yy: Array, count: int) -> tuple[Array, Array]:
    """Partial least squares by covariances alone: weights (d_x, count) and (d_y, count) of features as given.

    One pair of directions of most covariance after another, each side cleared of its own score in between.
    Taking a score out of x is a product from the right, x (I - w pᵀ), so x itself is not needed.
    """
    right_x, right_y = np.eye(len(xx)), np.eye(len(yy))
    weights_x, weights_y = [], []
    for _ in range(count):
        u, v = leading_pair(right_x.T @ xy @ right_y)
        w, v = right_x @ u, right_y @ v
        weights_x.append(w)
        weights_y.append(v)
        right_x = right_x - np.outer(w, (xx @ w) @ right_x) / (w @ xx @ w)
        right_y = right_y - np.outer(v, (yy @ v) @ right_y) / (v @ yy @ v)
    return np.stack(weights_x, axis=1), np.stack(weights_y, axis=1)
