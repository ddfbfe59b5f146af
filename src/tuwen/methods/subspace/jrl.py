"""Joint representation learning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.methods.base import Paper
from tuwen.methods.classes import ClassSpace
from tuwen.methods.graphs import neighbour_graph
from tuwen.methods.kernels import squared_distances

Mode = Literal["inductive", "transductive"]
_ROWS = 1024  # of a block of distances


@dataclass(kw_only=True, eq=False)
class JRL(ClassSpace):
    """Projects both modalities to their labels, smoothly and from few features; scores by votes.

    Minimises Σ_m [fitting ‖X_m P_m − Y‖² + smoothing tr(P_mᵀX_mᵀ L_m X_m P_m) + selection ‖P_m‖_{2,1}]
    + agreement ‖X_1P_1 − X_2P_2‖², one side at a time with rows reweighted, which never raises it. A pair's
    score is the product of two votes among the projected training items of both modalities.

    Differs from the paper: starts from equal weights instead of random ones. The code of the authors stops
    after two rounds; more shrink the projections to almost nothing, as `selection` asks.

    Args:
        selection: Weight of the norms of rows.
        smoothing: Weight of the graphs.
        agreement: Weight of the distance within pairs.
        fitting: Weight of the distance to the labels.
        neighbours: Of the graphs and of the votes.
        graph: `neighbours` joins nearest neighbours; `released` weighs all pairs of items by the sigmoid of
            their negative distance but takes degrees from the neighbours, as the authors' code does.
        iterations: Rounds over both sides.
    """

    paper = Paper(
        "Learning cross-media joint representation with sparse and semisupervised regularization",
        "Zhai, Peng, Xiao",
        "IEEE TCSVT",
        2014,
        "https://doi.org/10.1109/TCSVT.2013.2276704",
    )
    needs_labels = True
    transductive: ClassVar[bool] = True

    selection: float = 1000.0
    smoothing: float = 1000.0
    agreement: float = 1.0
    fitting: float = 1.0
    neighbours: int = 100
    graph: Literal["neighbours", "released"] = "neighbours"
    iterations: int = 2

    def _fit(self, images: Array, texts: Array, labels: Array) -> None:
        x, y, wide = self._learn(images, texts, labels)
        self.train_ = {"image": images, "text": texts}  # a transductive score learns from them again
        self.labels_ = labels
        self.weights_, self.objective_ = self._solve((x, y), (self._smooth(x), self._smooth(y)), wide)

    def _solve(
        self, sides: tuple[Array, Array], smooth: tuple[Array, Array], labels: Array
    ) -> tuple[dict[str, Array], list[float]]:
        """Weights by modality and the objective after each round."""
        w = [np.full((side.shape[1], labels.shape[1]), 0.5) for side in sides]
        cross = sides[0].T @ sides[1]
        crosses = (cross, cross.T)
        targets = [side.T @ labels for side in sides]
        grams = [side.T @ side for side in sides]
        objective = []
        for _ in range(self.iterations):
            for m in (0, 1):
                rows = 0.5 / np.maximum(np.linalg.norm(w[m], axis=1), 1e-12)
                system = self.smoothing * smooth[m] + (self.agreement + self.fitting) * grams[m]
                system[np.diag_indices_from(system)] += self.selection * rows
                pull = self.agreement * crosses[m] @ w[1 - m] + self.fitting * targets[m]
                w[m] = np.linalg.solve(system, pull)
            value = self.agreement * float(((sides[0] @ w[0] - sides[1] @ w[1]) ** 2).sum())
            for m in (0, 1):
                value += self.fitting * float(((sides[m] @ w[m] - labels) ** 2).sum())
                value += self.smoothing * float((w[m] * (smooth[m] @ w[m])).sum())
                value += self.selection * float(np.linalg.norm(w[m], axis=1).sum())
            objective.append(value)
        return {"image": w[0], "text": w[1]}, objective

    def _smooth(self, x: Array) -> Array:
        """Xᵀ L X with the normalised Laplacian L, (d, d)."""
        heat = self.graph == "neighbours"
        near = neighbour_graph(x, self.neighbours, "euclidean", heat=heat)
        degrees = np.asarray(near.sum(axis=1)).ravel()
        scaled = x / np.sqrt(np.maximum(degrees, 1e-12))[:, None]
        if heat:
            return np.asarray(x.T @ x - scaled.T @ (near @ scaled))
        total = x.T @ x
        for start in range(0, len(x), _ROWS):
            block = slice(start, start + _ROWS)
            total -= scaled[block].T @ (_closeness(x[block], x) @ scaled)
        return np.asarray(total)

    def _transform(self, features: Array, modality: Modality) -> Array:
        return np.asarray(self._standard(features, modality) @ self.weights_[modality])

    def similarity(self, images: Array, texts: Array, mode: Mode = "inductive") -> Array:
        """Products of votes, (n_images, n_texts).

        Args:
            images: (n_images, d_image).
            texts: (n_texts, d_text).
            mode: `inductive` uses what `fit` learnt; `transductive`, as published, learns again with graphs
                that hold the given items too, so that the score of a pair depends on the others.
        """
        given = self._check(images, "image"), self._check(texts, "text")
        train = self._standard(self.train_["image"], "image"), self._standard(self.train_["text"], "text")
        asked = self._standard(given[0], "image"), self._standard(given[1], "text")
        weights = self.weights_
        if mode == "transductive":
            smooth = [self._smooth(np.vstack(pair)) for pair in zip(train, asked, strict=True)]
            weights, _ = self._solve(train, (smooth[0], smooth[1]), self.labels_.astype(np.float64))
        base = np.vstack([train[0] @ weights["image"], train[1] @ weights["text"]])
        x, y = (self._votes(side @ w, base) for side, w in zip(asked, weights.values(), strict=True))
        return np.asarray(x @ y.T, dtype=np.float32)

    def _votes(self, projected: Array, base: Array) -> Array:
        """Shares of the classes among the nearest training items of both modalities, (n, n_classes)."""
        labels = np.vstack([self.labels_, self.labels_])
        votes = np.empty((len(projected), labels.shape[1]))
        k = min(self.neighbours, len(base))
        for start in range(0, len(projected), _ROWS):
            close = _closeness(projected[start : start + _ROWS], base)
            near = np.argpartition(-close, k - 1, axis=1)[:, :k]
            weights = np.take_along_axis(close, near, axis=1)
            weights /= weights.sum(axis=1, keepdims=True)
            votes[start : start + _ROWS] = np.einsum("nk,nkc->nc", weights, labels[near])
        return votes


def _closeness(x: Array, y: Array) -> Array:
    """The sigmoid of the negative distance, (n, m)."""
    return np.asarray(1 / (1 + np.exp(np.minimum(np.sqrt(squared_distances(x, y)), 700))))
