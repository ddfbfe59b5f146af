"""Coupled dictionaries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.methods.base import CommonSpace, Paper, check_members
from tuwen.methods.classes import standards
from tuwen.methods.sparse import better_atoms, short_rows, sparse_codes


@dataclass(kw_only=True, eq=False)
class CmSDL(CommonSpace):
    """Writes both modalities as sums of a few atoms, where a pair uses the same atoms of two dictionaries.

    Minimises ‖X − S D_x‖² + ‖Y − S D_y‖² + guidance ‖L − S C‖² + sparsity |S|₁ with atoms no longer than
    one. A new item is the sparse code over its own dictionary, with half the sparsity for half the features.
    Re-derived, as no code is public.

    Differs from the paper: atoms are learnt by alternating steps instead of chosen by a submodular function.

    Args:
        dim: Atoms of each dictionary.
        sparsity: Weight of the absolute values of codes.
        guidance: Weight of the labels, where `fit` is given them.
        iterations: Rounds over codes and dictionaries.
    """

    paper = Paper(
        "Cross-modality submodular dictionary learning for information retrieval",
        "Zhu, Shao, Yu",
        "CIKM",
        2014,
        "https://doi.org/10.1145/2661829.2661926",
    )

    dim: int = 16
    sparsity: float = 0.01
    guidance: float = 3.0
    iterations: int = 20

    def _fit(self, images: Array, texts: Array, labels: Array) -> None:
        check_members(self, labels)
        self.moments_ = standards(images, texts)
        # sides of unlike widths count alike
        self.scales_ = {"image": images.shape[1] ** -0.5, "text": texts.shape[1] ** -0.5}
        wide = np.sqrt(self.guidance) * labels.astype(np.float64)
        whole = np.hstack([self._scaled(images, "image"), self._scaled(texts, "text"), wide])
        ends = np.cumsum([images.shape[1], texts.shape[1]])
        rng = np.random.default_rng(self.seed)
        sides = np.split(whole, ends, axis=1)
        rows = rng.choice(len(whole), self.dim, replace=len(whole) < self.dim)
        blocks = [short_rows(side[rows]) for side in sides]
        codes = np.zeros((len(whole), self.dim))
        self.objective_: list[float] = []
        for _ in range(self.iterations):
            atoms = np.hstack(blocks)
            codes = sparse_codes(atoms @ atoms.T, whole @ atoms.T, codes, self.sparsity, 30)
            blocks = [better_atoms(side, codes, block) for side, block in zip(sides, blocks, strict=True)]
            rest = float(((whole - codes @ np.hstack(blocks)) ** 2).sum())
            self.objective_.append(rest + self.sparsity * float(np.abs(codes).sum()))
        self.atoms_ = {"image": blocks[0], "text": blocks[1]}

    def _scaled(self, features: Array, modality: Modality) -> Array:
        mean, deviation = self.moments_[modality]
        return np.asarray((features.astype(np.float64) - mean) / deviation * self.scales_[modality])

    def _transform(self, features: Array, modality: Modality) -> Array:
        x, atoms = self._scaled(features, modality), self.atoms_[modality]
        start = np.zeros((len(x), self.dim))
        return sparse_codes(atoms @ atoms.T, x @ atoms.T, start, self.sparsity / 2, 100)
