"""PVSE: several vectors an item, for words and pictures that mean more than one thing."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.arrays import MODALITIES, Modality
from tuwen.methods.base import Paper
from tuwen.methods.network import Batch
from tuwen.methods.sets import Last, SetScorer, mean_over, packed_first, present, unit


class Meanings(nn.Module):
    """Some vectors of a set: what all of it is, and what each head of attention finds in its parts."""

    def __init__(self, d: int, dim: int, count: int) -> None:
        super().__init__()
        inner = max(1, dim // 2)
        self.look = nn.Sequential(
            nn.Linear(d, inner, bias=False), nn.Tanh(), nn.Linear(inner, count, bias=False)
        )
        self.found = nn.Linear(d, dim)
        self.norm = nn.LayerNorm(dim)

    def forward(self, parts: Tensor, there: Tensor, whole: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors (b, count, dim) and what the heads alone found, the same, of parts (b, p, d)."""
        heights = self.look(parts).masked_fill(~there[..., None], -1e4)
        local = self.found(functional.softmax(heights, dim=1).transpose(1, 2) @ parts).sigmoid()
        return self.norm(whole[:, None] + local), local


@dataclass(kw_only=True, eq=False)
class PVSE(SetScorer):
    """Gives an image and a text several vectors each, and scores a pair by the two that are closest.

    Vector k is LayerNorm(g + sigmoid(W a_k X + b)): g tells the whole set X, a_k is the softmax of one head
    of attention over its parts. A pair scores max over k, l of cos(u_k, v_l), so that one meaning may agree
    and the others differ. Lowers the hinge on the hardest wrong partners + diversity * (mean of
    ||H H' - I|| / k^2 of both sides, H the unit rows that the heads found) + mmd * (the squared distance of
    the means of all u and of all v under a Gaussian kernel).
    There is no single vector to index: score the first hits of a common space with it.
    Differs from the paper: words are given as vectors, the width is 256 in place of 1,024, gradients are
    not clipped; the kernel takes squared distances, the authors' code plain ones.

    Args:
        dim: Width of the vectors.
        embeddings: Vectors an item; the paper has 2 for COCO.
        diversity: Weight of the heads' being alike.
        mmd: Weight of the distance between images and texts as wholes.
    """

    paper = Paper(
        "Polysemous Visual-Semantic Embedding for Cross-Modal Retrieval",
        "Song, Soleymani",
        "CVPR",
        2019,
        "https://arxiv.org/abs/1906.04402",
    )

    epochs: int = 30
    learning_rate: float = 2e-4
    margin: float = 0.1
    dim: int = 256
    embeddings: int = 2
    diversity: float = 0.1
    mmd: float = 0.01

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        nets: dict[str, nn.Module] = {"image": nn.Linear(d_image, self.dim), "text": Last(d_text, self.dim)}
        widths = {"image": d_image, "text": d_text}
        return nn.ModuleDict(
            nets | {f"all_{name}": Meanings(widths[name], self.dim, self.embeddings) for name in MODALITIES}
        )

    def _step(self, batch: Batch) -> Tensor:
        (x, seen), (y, said) = self._meanings(batch.x, "image"), self._meanings(batch.y, "text")
        loss = self._hinge(self._score(x, y).float(), batch)
        if self.embeddings > 1:
            loss = loss + self.diversity * (alike(seen) + alike(said))
        return loss + self.mmd * discrepancy(x.flatten(0, 1), y.flatten(0, 1))

    def _code(self, batch: Tensor, modality: Modality) -> Tensor:
        return self._meanings(batch, modality)[0]

    def _meanings(self, batch: Tensor, modality: Modality) -> tuple[Tensor, Tensor]:
        """Unit vectors of sets, (b, embeddings, dim), zeros of an empty one; and what the heads found."""
        batch = packed_first(batch)
        there = present(batch)
        if modality == "image":
            whole = self.net_["image"](mean_over(batch.transpose(1, 2), there[:, None]))
        else:
            whole = self.net_["text"](batch, there)
        made, local = self.net_[f"all_{modality}"](batch, there, whole)
        return unit(made) * there.any(dim=1)[:, None, None], local

    def _score(self, x: Tensor, y: Tensor) -> Tensor:
        close = x.flatten(0, 1) @ y.flatten(0, 1).T
        return close.view(len(x), x.shape[1], len(y), y.shape[1]).amax(dim=(1, 3))


def alike(found: Tensor) -> Tensor:
    """How much the vectors of an item (b, k, dim) are alike: 0 when they stand upright to each other."""
    rows = unit(found)
    gram = rows @ rows.transpose(1, 2) * (1 - torch.eye(found.shape[1], device=found.device))
    return gram.square().sum(dim=(1, 2)).add(1e-12).sqrt().mean() / found.shape[1] ** 2


def discrepancy(u: Tensor, v: Tensor, rate: float = 0.5) -> Tensor:
    """Squared maximum mean discrepancy of rows u (n, d) and v (m, d) under exp(-rate * distance^2)."""

    def kernel(one: Tensor, other: Tensor) -> Tensor:
        squares = one.square().sum(dim=1)[:, None] + other.square().sum(dim=1) - 2 * one @ other.T
        return torch.exp(-rate * squares.clamp(min=0)).mean()

    return kernel(u, u) + kernel(v, v) - 2 * kernel(u, v)
