"""Collective matrix factorization hashing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.linear import LinearHasher, check_variant


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
        iterations: Turns of the minimisation; the released code has 25.
        variant: `released` does as public code does: P comes out smaller by the square of `regression`, as
            its formula is read from the left, P is found after V and from random at first, and both of its
            terms are weighted as their modality's factorisation. It lowers no objective.
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
    variant: Literal["paper", "released"] = "paper"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_variant(self.variant)

    def _solve(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array]:
        if not 0 < self.weight < 1:
            raise InputError(f"weight is {self.weight}; it must be between 0 and 1")
        # after the first turn V is linear in both features: products of features are all that is needed,
        # and a turn costs nothing that grows with n
        cross = x.T @ y
        gram = np.block([[x.T @ x, cross], [cross.T, y.T @ y]])
        width, eye = x.shape[1], np.eye(self.bits)
        parts = ((slice(None, width), self.weight), (slice(width, None), 1 - self.weight))
        share = self.ridge / self.regression
        inverses = [np.linalg.inv(gram[s, s] + share * np.eye(len(gram[s, s]))) for s, _ in parts]
        if self.variant == "released":
            return self._released(x, y, gram)
        v = np.random.default_rng(self.seed).random((len(x), self.bits))
        seen, size = np.concatenate([x.T @ v, y.T @ v]), v.T @ v  # products of features with V, and of V
        self.objective_: list[float] = []
        for _ in range(self.iterations):
            bases = [np.linalg.solve(size + self.ridge / a * eye, seen[s].T) for s, a in parts]
            projections = [i @ seen[s] for (s, _), i in zip(parts, inverses, strict=True)]
            whole = (2 * self.regression + self.ridge) * eye
            for (_, a), u in zip(parts, bases, strict=True):
                whole += a * u @ u.T
            linear = [
                a * u + self.regression * p.T for (_, a), u, p in zip(parts, bases, projections, strict=True)
            ]
            maps = np.linalg.solve(whole, np.concatenate(linear, axis=1)).T
            seen = gram @ maps
            size = maps.T @ seen
            total = self.ridge * float((maps * seen).sum())
            for (s, a), u, p in zip(parts, bases, projections, strict=True):
                total += self._misfit(gram[s, s], seen[s], size, a, u, p)
            self.objective_.append(total)
        self._keep(maps, width)
        return inverses[0] @ seen[:width], inverses[1] @ seen[width:]

    def _released(self, x: Array, y: Array, gram: Array) -> tuple[Array, Array]:
        width, eye, mu = x.shape[1], np.eye(self.bits), self.regression
        parts = ((slice(None, width), self.weight), (slice(width, None), 1 - self.weight))
        rng = np.random.default_rng(self.seed)
        v, p = rng.random((len(x), self.bits)), rng.random((len(gram), self.bits))
        seen, size = np.concatenate([x.T @ v, y.T @ v]), v.T @ v
        wholes = [mu * gram[s, s] + self.ridge * np.eye(len(gram[s, s])) for s, _ in parts]

        def fused() -> Array:
            whole = (mu + self.ridge) * eye + sum(
                a * base @ base.T for (_, a), base in zip(parts, u, strict=True)
            )
            linear = [a * (base.T + mu * p[s]) for (s, a), base in zip(parts, u, strict=True)]
            return np.linalg.solve(whole, np.concatenate(linear).T).T

        for _ in range(self.iterations):
            u = [np.linalg.solve(size + self.ridge * eye, seen[s].T) for s, _ in parts]
            maps = fused()
            seen = gram @ maps
            size = maps.T @ seen
            p = np.concatenate(
                [np.linalg.solve(whole, seen[s]) / mu for (s, _), whole in zip(parts, wholes, strict=True)]
            )
        self._keep(fused(), width)
        return p[:width], p[width:]

    def _keep(self, maps: Array, width: int) -> None:
        """What makes V of both modalities of an item."""
        self.fusion_ = {
            "image": self._turned_back(maps[:width], "image").astype(np.float32),
            "text": self._turned_back(maps[width:], "text").astype(np.float32),
        }

    def _misfit(self, gram: Array, seen: Array, size: Array, weight: float, u: Array, p: Array) -> float:
        """What one modality adds to the objective, from the products of its features and of V."""
        factors = np.trace(gram) - 2 * (seen.T * u).sum() + (u * (size @ u)).sum()
        told = np.trace(size) - 2 * (seen * p).sum() + (p * (gram @ p)).sum()
        squares = self.ridge * ((u**2).sum() + (p**2).sum())
        return float(weight * factors + self.regression * told + squares)

    def _fuse(self, images: Array, texts: Array) -> Array:
        x, y = self._centred(images, "image"), self._centred(texts, "text")
        return np.asarray(x @ self.fusion_["image"] + y @ self.fusion_["text"])
