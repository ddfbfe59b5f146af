"""Collective matrix factorization hashing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.methods.base import Paper
from tuwen.methods.linear import LinearHasher


@dataclass(kw_only=True, eq=False)
class CMFH(LinearHasher):
    """Factorises both modalities of a pair into one latent vector, whose signs are the code.

    Minimises, in turn for each of its matrices and always in closed form,
    weight ||X - V U_x||² + (1 - weight) ||Y - V U_y||² + regression (||V - X P_x||² + ||V - Y P_y||²)
    + ridge (||V||² + ||U||² + ||P||²). A query is coded by P; an item of both modalities by the V that
    minimises this for it.

    Args:
        weight: Of the images' factorisation; the texts' has the rest.
        regression: Of the two projections (the paper's mu).
        ridge: The paper's gamma.
        iterations: Turns of the minimisation.
    """

    paper = Paper(
        "Collective Matrix Factorization Hashing for Multimodal Data",
        "Ding, Guo & Zhou",
        "CVPR",
        2014,
        "https://doi.org/10.1109/CVPR.2014.267",
    )
    fuses = True

    standardise: bool = False
    weight: float = 0.5
    regression: float = 100.0
    ridge: float = 0.01
    iterations: int = 50

    def _solve(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array]:
        sides = ((x, self.weight), (y, 1 - self.weight))
        inverses = [
            np.linalg.inv(s.T @ s + self.ridge / self.regression * np.eye(s.shape[1])) for s, _ in sides
        ]
        v = np.random.default_rng(self.seed).random((len(x), self.bits))
        eye = np.eye(self.bits)
        self.objective_: list[float] = []
        for _ in range(self.iterations):
            bases = [np.linalg.solve(v.T @ v + self.ridge / a * eye, v.T @ s) for s, a in sides]
            projections = [i @ (s.T @ v) for (s, _), i in zip(sides, inverses, strict=True)]
            gram = (2 * self.regression + self.ridge) * eye
            for (_, a), u in zip(sides, bases, strict=True):
                gram += a * u @ u.T
            maps = [
                np.linalg.solve(gram, a * u + self.regression * p.T).T
                for (_, a), u, p in zip(sides, bases, projections, strict=True)
            ]
            v = x @ maps[0] + y @ maps[1]
            self.objective_.append(self._objective(sides, v, bases, projections))
        self.fusion_ = {"image": maps[0].astype(np.float32), "text": maps[1].astype(np.float32)}
        projections = [i @ (s.T @ v) for (s, _), i in zip(sides, inverses, strict=True)]
        return projections[0], projections[1]

    def _objective(
        self, sides: tuple[tuple[Array, float], ...], v: Array, bases: list[Array], projections: list[Array]
    ) -> float:
        total = self.ridge * (v**2).sum()
        for (s, a), u, p in zip(sides, bases, projections, strict=True):
            total += a * ((s - v @ u) ** 2).sum() + self.regression * ((v - s @ p) ** 2).sum()
            total += self.ridge * ((u**2).sum() + (p**2).sum())
        return float(total)

    def _fuse(self, images: Array, texts: Array) -> Array:
        x, y = self._centred(images, "image"), self._centred(texts, "text")
        return np.asarray(x @ self.fusion_["image"] + y @ self.fusion_["text"])
