"""Cross-modality correlation propagation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from tuwen.arrays import Array, Modality, unit_rows
from tuwen.errors import InputError
from tuwen.methods.base import Method, Paper
from tuwen.methods.classes import check_classes, standards
from tuwen.methods.graphs import neighbours

Mode = Literal["inductive", "transductive"]


@dataclass(kw_only=True, eq=False)
class CMCP(Method):
    """Spreads what labels say of pairs along the neighbourhoods of both modalities.

    Training pairs of one class correlate, those of two classes do not; both are spread over the graph of
    images and the graph of texts by (1 − α)(I − αS)⁻¹, with S the normalised cosines of nearest neighbours.
    A pair's correlation depends on its classes alone, so only one column a class is ever spread.

    Args:
        alpha: How much comes from neighbours, 0 to 1.
        neighbours: Of the graphs.
    """

    paper = Paper(
        "Cross-modality correlation propagation for cross-media retrieval",
        "Zhai, Peng, Xiao",
        "ICASSP",
        2012,
        "https://github.com/PKU-ICST-MIPL/CMCP_ICASSP2012",
    )
    needs_labels = True
    transductive: ClassVar[bool] = True

    alpha: float = 0.6
    neighbours: int = 30

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise InputError(f"alpha is {self.alpha}; it must lie between 0 and 1")
        if self.neighbours < 1:
            raise InputError(f"neighbours is {self.neighbours}; it must be at least 1")

    def _fit(self, images: Array, texts: Array, labels: Array) -> None:
        check_classes(self, labels)
        self.moments_ = standards(images, texts)
        self.labels_ = labels
        self.units_ = {"image": self._units(images, "image"), "text": self._units(texts, "text")}
        self.degrees_: dict[str, Array] = {}
        self.spread_: dict[str, Array] = {}
        for modality, units in self.units_.items():
            graph, self.degrees_[modality] = self._graph(units)
            self.spread_[modality] = self._spread(graph, labels)

    def similarity(self, images: Array, texts: Array, mode: Mode = "inductive") -> Array:
        """Correlations, (n_images, n_texts).

        Args:
            images: (n_images, d_image).
            texts: (n_texts, d_text).
            mode: `inductive` joins each item alone to its training neighbours; `transductive`, as published,
                spreads over graphs that hold all the given items beside the training items, so that the
                score of a pair depends on the others.
        """
        x = self._values(self._check(images, "image"), "image", mode)
        y = self._values(self._check(texts, "text"), "text", mode)
        return np.asarray(x @ self._correlation() @ y.T, dtype=np.float32)

    def _correlation(self) -> Array:
        """Correlations of classes, over the number of training rows that agree and of those that differ."""
        same = self.labels_.sum(axis=0)
        other = len(self.labels_) - same
        eye = np.eye(len(same))
        return np.asarray(eye / same - (1 - eye) / np.maximum(other, 1))

    def _values(self, features: Array, modality: Modality, mode: Mode) -> Array:
        """What has spread from the classes to the items, (n, n_classes)."""
        units, train = self._units(features, modality), self.units_[modality]
        if mode == "transductive":
            graph, _ = self._graph(np.vstack([train, units]))
            start = np.vstack([self.labels_, np.zeros((len(units), self.labels_.shape[1]))])
            return self._spread(graph, start)[len(train) :]
        cosines = units @ train.T
        k = min(self.neighbours, len(train))
        near = np.argpartition(-cosines, k - 1, axis=1)[:, :k]
        weights = np.maximum(np.take_along_axis(cosines, near, axis=1), 0).astype(np.float64) / 2
        own = np.sqrt(np.maximum(weights.sum(axis=1, keepdims=True), 1e-12))
        weights /= own * np.sqrt(self.degrees_[modality])[near]
        return np.asarray(self.alpha * np.einsum("nk,nkc->nc", weights, self.spread_[modality][near]))

    def _units(self, features: Array, modality: Modality) -> Array:
        mean, deviation = self.moments_[modality]
        return unit_rows((features - mean) / deviation)

    def _graph(self, units: Array) -> tuple[Any, Array]:
        """Normalised weights of neighbours, sparse, and degrees; negative cosines join nothing."""
        from scipy.sparse import csr_matrix, diags

        found, cosines = neighbours(units, self.neighbours)
        rows = np.repeat(np.arange(len(units)), found.shape[1])
        values = np.maximum(cosines, 0).astype(np.float64).ravel()
        graph = csr_matrix((values, (rows, found.ravel())), shape=(len(units), len(units)))
        graph = (graph + graph.T) / 2
        degrees = np.maximum(np.asarray(graph.sum(axis=1)).ravel(), 1e-12)
        root = diags(1 / np.sqrt(degrees))
        return (root @ graph @ root).tocsr(), degrees

    def _spread(self, graph: Any, start: Array) -> Array:
        """(1 − α)(I − αS)⁻¹ start, as the sum of its series: each step shrinks the rest by α."""
        value = rest = (1 - self.alpha) * start.astype(np.float64)
        for _ in range(int(np.ceil(np.log(1e-8) / np.log(self.alpha)))):
            rest = self.alpha * (graph @ rest)
            value = value + rest
        return np.asarray(value)
