"""Methods whose common space is spanned by classes, and what they learn of classes."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from tuwen.arrays import Array, Modality, unit_rows
from tuwen.errors import InputError
from tuwen.methods.base import Coder, check_members
from tuwen.methods.linear import canonical_of, check_rank, moments, row_axes, turned, turned_back


@dataclass(kw_only=True, eq=False)
class ClassSpace(Coder):
    """Codes are unit vectors whose width the labels set, mostly one column a class.

    A subclass's `_fit` starts with `_learn`, which keeps means and deviations.
    """

    @property
    def width(self) -> int:
        """Columns, as the labels of `fit` gave."""
        self._check_fitted()
        return int(self.columns_)

    def transform(self, features: Array, modality: Modality) -> Array:
        """Code (n, d) features as (n, width) float32 unit vectors."""
        return unit_rows(self._transform(self._check(features, modality), modality))

    def similarity(self, images: Array, texts: Array) -> Array:
        """Cosines, (n_images, n_texts)."""
        return np.asarray(self.transform(images, "image") @ self.transform(texts, "text").T)

    def _learn(self, images: Array, texts: Array, labels: Array) -> tuple[Array, Array, Array]:
        """Standardised features and multi-hot labels, float64."""
        check_classes(self, labels)
        self.columns_ = labels.shape[1]
        self.moments_ = standards(images, texts)
        return self._standard(images, "image"), self._standard(texts, "text"), labels.astype(np.float64)

    def _standard(self, features: Array, modality: Modality) -> Array:
        mean, deviation = self.moments_[modality]
        return np.asarray((features.astype(np.float64) - mean) / deviation)


@dataclass(kw_only=True, eq=False)
class ClassCorrelation(ClassSpace):
    """Canonical correlation of pairs that the labels make; a subclass gives the covariances.

    Labels of C classes tell at most C - 1 directions apart, which is why these methods have no fixed width.

    Args:
        components: Directions to keep; all there are when None.
        ridge: Added to the diagonals of both covariances.
    """

    needs_labels = True

    components: int | None = None
    ridge: float = 1e-4

    def __post_init__(self) -> None:
        if self.components is not None and self.components < 1:
            raise InputError(f"components is {self.components}; it must be at least 1, or None for all")

    def _fit(self, images: Array, texts: Array, labels: Array) -> None:
        x, y, labels = self._learn(images, texts, labels)
        axes = row_axes(x), row_axes(y)
        x, y = turned(x, axes[0]), turned(y, axes[1])
        u, v, correlations = canonical_of(*self._covariances(x, y, labels), self.ridge)
        rank = int((correlations > 1e-6).sum())  # below is rounding, which a small ridge has amplified
        if self.components or not rank:
            check_rank(self, "components", rank, "the labels tell no more apart")
        self.columns_ = self.components or rank
        self.correlations_ = correlations[: self.columns_]
        u, v = u[:, : self.columns_], v[:, : self.columns_]
        self.weights_ = {"image": turned_back(u, axes[0]), "text": turned_back(v, axes[1])}

    @abstractmethod
    def _covariances(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array, Array]:
        """Covariances (d_x, d_x), (d_x, d_y), (d_y, d_y) from standardised features."""

    def _transform(self, features: Array, modality: Modality) -> Array:
        return np.asarray(self._standard(features, modality) @ self.weights_[modality])


def pair_covariances(x: Array, y: Array, labels: Any, alike: Array) -> tuple[Array, Array, Array]:
    """Covariances of all pairs of an image and a text, each weighted by how alike their label groups are.

    Args:
        x: (n, d_x).
        y: (n, d_y).
        labels: (n, n_groups), which groups a row is in, dense or sparse.
        alike: (n_groups, n_groups) weights, symmetric.
    """
    reach = labels @ (alike @ np.asarray(labels.sum(axis=0)).ravel())  # how many partners a row has, weighted
    total = float(reach.sum())
    x = x - reach @ x / total
    y = y - reach @ y / total
    between = (labels.T @ x).T @ alike @ (labels.T @ y)
    return (x * reach[:, None]).T @ x / total, between / total, (y * reach[:, None]).T @ y / total


def standards(images: Array, texts: Array) -> dict[str, Array]:
    """Means and deviations of training features, (2, d) a modality."""
    return {"image": np.stack(moments(images)), "text": np.stack(moments(texts))}


def check_classes(method: Any, labels: Array) -> None:
    """Refuse labels that cannot be learnt from.

    Raises:
        InputError: There are fewer than two classes, or one has no row.
    """
    check_members(method, labels)
    if labels.shape[1] < 2:
        raise InputError(f"labels has {labels.shape[1]} class; {type(method).__name__} needs at least two")


def class_means(x: Array, labels: Array) -> Array:
    """The mean row of each class, (n_classes, d)."""
    return np.asarray(labels.T @ x / labels.sum(axis=0)[:, None])


def logistic(x: Array, labels: Array, strength: float) -> Array:
    """Multinomial logistic regression: weights of the columns and then the intercept, (d + 1, n_classes).

    A row of several classes counts for each of them by an equal share; one of none is left out.

    Args:
        x: (n, d).
        labels: (n, n_classes) multi-hot.
        strength: Weight of the loss against half the squared weights (scikit-learn's C).
    """
    from sklearn.linear_model import LogisticRegression

    rows, classes = np.nonzero(labels)
    shares = 1 / np.count_nonzero(labels, axis=1)[rows]
    model = LogisticRegression(C=strength, solver="newton-cg", max_iter=1000).fit(
        x[rows], classes, sample_weight=shares
    )
    weights = np.vstack([model.coef_.T, model.intercept_])
    if labels.shape[1] == 2:  # scikit-learn keeps the second class alone
        weights = np.hstack([np.zeros_like(weights), weights])
    return weights


def posteriors(x: Array, weights: Array) -> Array:
    """Probabilities of the classes, (n, n_classes), by weights of `logistic`."""
    scores = x @ weights[:-1] + weights[-1]
    scores -= scores.max(axis=1, keepdims=True)
    values = np.exp(scores)
    return np.asarray(values / values.sum(axis=1, keepdims=True))
