"""Cross-modality similarity-sensitive hashing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.errors import InputError
from tuwen.methods.base import Paper, check_members
from tuwen.methods.discrete import as_signs
from tuwen.methods.linear import LinearHasher, leading_pair


@dataclass(kw_only=True, eq=False)
class CMSSH(LinearHasher):
    """Boosts bits that agree on like pairs and differ on unlike ones.

    For each bit: the directions are the leading singular vectors of Σ w s x yᵀ over sampled pairs (s = +1
    for like and -1 for unlike, w their weights), each threshold is the best there is for the other, and
    pairs that the bit gets wrong become heavier, as in AdaBoost. With labels, pairs of a common class are
    like; without, only an image and its own text are. Directions resemble each other after the first few
    bits, so long codes gain little.
    Re-derived from the paper: the released code is a compiled program.

    Args:
        pairs: How many like and unlike pairs are drawn, half of each.
    """

    paper = Paper(
        "Data Fusion through Cross-Modality Metric Learning Using Similarity-Sensitive Hashing",
        "Bronstein, Bronstein, Michel & Paragios",
        "CVPR",
        2010,
        "https://doi.org/10.1109/CVPR.2010.5539928",
    )

    pairs: int = 40_000

    def _solve(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array]:
        check_members(self, labels)
        rows, columns, like = self._drawn(len(x), labels)
        weights = np.full(len(rows), 1 / len(rows))
        self.losses_: list[float] = []
        found: list[tuple[Array, Array, float, float]] = []
        total = np.zeros(len(rows))
        for _ in range(self.bits):
            p, q = self._directions(x, y, rows, columns, weights * like)
            px, qy = x @ p, y @ q
            a, b = _thresholds(px[rows], qy[columns], weights * like)
            agrees = as_signs(px - a)[rows] * as_signs(qy - b)[columns]
            # AdaBoost: how much the bit is worth, and what that leaves of the exponential loss
            edge = float(np.clip((weights * like * agrees).sum(), -1 + 1e-9, 1 - 1e-9))
            total += 0.5 * np.log((1 + edge) / (1 - edge)) * like * agrees
            losses = np.exp(-total)
            self.losses_.append(float(losses.mean()))
            weights = losses / losses.sum()
            found.append((p, q, a, b))
        self.thresholds_ = {
            "image": np.array([a for _, _, a, _ in found], dtype=np.float32),
            "text": np.array([b for _, _, _, b in found], dtype=np.float32),
        }
        return np.stack([p for p, *_ in found], axis=1), np.stack([q for _, q, *_ in found], axis=1)

    def _drawn(self, n: int, labels: Array) -> tuple[Array, Array, Array]:
        """Rows of images and of texts, and +1 or -1 for each of the pairs."""
        if n < 2 or self.pairs < 2:
            raise InputError(
                f"images and texts have {n} rows and pairs is {self.pairs}; CMSSH needs at least 2 of both"
            )
        rng = np.random.default_rng(self.seed)
        rows, columns = rng.integers(0, n, (2, 20 * self.pairs))
        like = _share(labels, rows, columns) if labels.shape[1] else rows == columns
        own = rng.integers(0, n, self.pairs)
        rows, columns = np.concatenate([own, rows]), np.concatenate([own, columns])
        like = np.concatenate([np.ones(self.pairs, dtype=bool), like])
        half = self.pairs // 2
        unlike = np.flatnonzero(~like)[:half]
        if not len(unlike):
            raise InputError("labels call all pairs alike; CMSSH needs at least two classes")
        # of like pairs, those of a common class come first where there are labels, own pairs fill up
        alike = np.flatnonzero(like)[::-1][:half]
        some = np.concatenate([alike, unlike])
        return rows[some], columns[some], np.where(like[some], 1.0, -1.0)

    def _directions(
        self, x: Array, y: Array, rows: Array, columns: Array, weights: Array
    ) -> tuple[Array, Array]:
        from scipy.sparse import csr_matrix

        paired = csr_matrix((weights, (rows, columns)), shape=(len(x), len(y)))
        return leading_pair(x.T @ (paired @ y))

    def _transform(self, features: Array, modality: Modality) -> Array:
        return np.asarray(super()._transform(features, modality) - self.thresholds_[modality])


def _share(labels: Array, rows: Array, columns: Array) -> Array:
    """Whether two rows of labels have a class in common, (m,) bool, in blocks of bounded memory."""
    step = max(2**23 // labels.shape[1], 1)
    parts = [slice(start, start + step) for start in range(0, len(rows), step)]
    return np.concatenate([(labels[rows[part]] * labels[columns[part]]).any(axis=1) for part in parts])


def _thresholds(px: Array, qy: Array, weights: Array, turns: int = 3) -> tuple[float, float]:
    """Thresholds of both sides that make Σ weights · sign · sign large, each in turn the best."""
    a, b = 0.0, 0.0
    for _ in range(turns):
        a = _best_cut(px, weights * as_signs(qy - b))
        b = _best_cut(qy, weights * as_signs(px - a))
    return a, b


def _best_cut(values: Array, gains: Array) -> float:
    """The cut c with the largest Σ gains · sign(values - c), halfway between two values."""
    order = np.argsort(values, kind="stable")
    values = values[order]
    after = gains.sum() - 2 * np.cumsum(gains[order])[:-1]  # of a cut after each value but the last
    after[values[1:] == values[:-1]] = -np.inf
    best = int(after.argmax())
    return float(values[best] + values[best + 1]) / 2
