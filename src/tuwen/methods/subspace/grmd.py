"""Modality-dependent retrieval with graph regularisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tuwen.arrays import Array, Modality, unit_rows
from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.classes import ClassSpace
from tuwen.methods.graphs import laplacian, neighbour_graph
from tuwen.methods.linear import row_axes, turned, turned_back

Direction = Literal["both", "i2t", "t2i"]
_DIRECTIONS = ("both", "i2t", "t2i")


@dataclass(kw_only=True, eq=False)
class GRMD(ClassSpace):
    """Learns one space for images that ask texts and another for texts that ask images.

    For images that ask, minimises agreement ‖XU − YV‖² + (1 − agreement) ‖XU − L‖² + smoothing
    (tr(UᵀXᵀGXU) + tr(VᵀYᵀHYV)) + ridge (‖U‖² + ‖V‖²), with G and H the normalised Laplacians of neighbours
    that share a label; for texts that ask, YV meets the labels instead. `smoothing=0` is MDCR (Wei et al.,
    ACM TIST 2016). Fit learns both spaces; `direction` says which one `transform` codes for, and may be
    changed at any time: an index that only texts ask wants "t2i".
    Re-derived. Differs from the paper: both problems are solved exactly, not by gradient descent.

    Args:
        direction: `i2t`, `t2i`, or `both` spaces side by side, whose cosine is the mean of the two.
        agreement: Weight of pairs against labels, between 0 and 1.
        smoothing: Weight of the graphs.
        ridge: Weight of the squares of the projections, for each row.
        neighbours: Of the graphs.
    """

    paper = Paper(
        "Modality-dependent cross-modal retrieval based on graph regularization",
        "Wang, Ji, Kong, Zhang",
        "Mobile Information Systems",
        2020,
        "https://doi.org/10.1155/2020/4164692",
    )
    needs_labels = True

    direction: Direction = "both"
    agreement: float = 0.5
    smoothing: float = 0.1
    ridge: float = 0.01
    neighbours: int = 10

    def __post_init__(self) -> None:
        _check_direction(self.direction)
        if not 0 < self.agreement < 1:
            raise InputError(f"agreement is {self.agreement}; it must lie between 0 and 1")
        if self.ridge <= 0:
            raise InputError(f"ridge is {self.ridge}; it must be above 0")

    @property
    def width(self) -> int:
        """Columns: one a class, twice that for `both`."""
        return super().width * (2 if self.direction == "both" else 1)

    def _fit(self, images: Array, texts: Array, labels: Array) -> None:
        x, y, labels = self._learn(images, texts, labels)
        axes = row_axes(x), row_axes(y)
        x, y = turned(x, axes[0]), turned(y, axes[1])
        rough = [self._rough(side, labels) for side in (x, y)]
        u, v = self._solve(x, y, labels, rough)
        second_v, second_u = self._solve(y, x, labels, rough[::-1])
        self.weights_ = {
            name: {"image": turned_back(a, axes[0]), "text": turned_back(b, axes[1])}
            for name, a, b in (("i2t", u, v), ("t2i", second_u, second_v))
        }

    def _rough(self, x: Array, labels: Array) -> Array:
        """Roughness over the graph, smoothing · XᵀGX, (d, d)."""
        if not self.smoothing:
            return np.zeros((x.shape[1], x.shape[1]))
        return np.asarray(self.smoothing * x.T @ (_within(x, labels, self.neighbours) @ x))

    def _solve(self, x: Array, y: Array, labels: Array, rough: list[Array]) -> tuple[Array, Array]:
        """Projections of the side that asks, x, and of the other: the one stationary point."""
        a, n = self.agreement, len(x)
        cross = a * x.T @ y
        own = x.T @ x + rough[0] + self.ridge * n * np.eye(x.shape[1])
        other = a * y.T @ y + rough[1] + self.ridge * n * np.eye(y.shape[1])
        # V of a given U is linear in it: V = other⁻¹ crossᵀ U
        back = np.linalg.solve(other, cross.T)
        u = np.linalg.solve(own - cross @ back, (1 - a) * x.T @ labels)
        return u, back @ u

    def _transform(self, features: Array, modality: Modality) -> Array:
        return self._coded(features, modality, self.direction)

    def _coded(self, features: Array, modality: Modality, direction: Direction) -> Array:
        asked = ("i2t", "t2i") if direction == "both" else (direction,)
        x = self._standard(features, modality)
        return np.hstack([unit_rows(x @ self.weights_[each][modality]) for each in asked])

    def similarity(self, images: Array, texts: Array, direction: Direction | None = None) -> Array:
        """Cosines, (n_images, n_texts).

        Args:
            images: (n_images, d_image).
            texts: (n_texts, d_text).
            direction: The space to compare in; where None, that of the method.
        """
        direction = self.direction if direction is None else direction
        _check_direction(direction)
        x = self._coded(self._check(images, "image"), "image", direction)
        y = self._coded(self._check(texts, "text"), "text", direction)
        return np.asarray(unit_rows(x) @ unit_rows(y).T)


def _check_direction(direction: str) -> None:
    if direction not in _DIRECTIONS:
        raise InputError(f"direction is {direction!r}; it is one of {', '.join(_DIRECTIONS)}")


def _within(x: Array, labels: Array, neighbours: int) -> Any:
    """The normalised Laplacian of neighbours that share a label."""
    from scipy.sparse import csr_matrix

    graph = neighbour_graph(x, neighbours, "euclidean").tocoo()
    shared = np.einsum("ij,ij->i", labels[graph.row], labels[graph.col]) > 0
    return laplacian(csr_matrix((graph.data * shared, (graph.row, graph.col)), shape=graph.shape))
