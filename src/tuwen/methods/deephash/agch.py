"""AGCH: aggregation-based graph convolutional hashing."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.layers import cosines
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkHasher


@dataclass(kw_only=True, eq=False)
class AGCH(NetworkHasher):
    """Rebuilds a likeness that joins modalities and measures, by codes smoothed over a graph; no labels.

    With z the two features of a pair, each of length 1 and weighted, side by side and again of length 1,
    S = 2 cos(z, z') exp(-sqrt(||z - z'||) / spread) - 1. A graph convolution over the batch turns the sum of
    both outputs into g, and B = sign(g) are the codes of the pairs. Lowers rebuilding * mean
    (g·g / bits - S)² + between * mean (u·v / bits - S)² + mean (B - u)² + mean (B - v)² + smoothing *
    mean (g - tanh(a + b))², with u, v = tanh of the outputs a, b. Only the two networks are used afterwards.
    Re-derived from descriptions of the paper, with no public code of its authors. Differs from it: on given
    features, where the paper fine-tunes an image network (figures do not compare); the modalities weigh
    alike, where the paper sets them for each data set; all steps together, with Adam.

    Args:
        bits: Of a code.
        weight: Share of the images in the joined features.
        spread: Of the likeness by distance.
        rebuilding: Weight of the likeness of codes smoothed over the graph.
        between: Weight of the likeness of an image's and a text's outputs.
        smoothing: Weight of the distance between outputs before and after the graph.
    """

    paper = Paper(
        "Aggregation-Based Graph Convolutional Hashing for Unsupervised Cross-Modal Retrieval",
        "Zhang, Li, Huang, et al.",
        "IEEE Transactions on Multimedia",
        2022,
        "https://doi.org/10.1109/TMM.2021.3053766",
    )

    weight: float = 0.5
    spread: float = 4.0
    rebuilding: float = 1.0
    between: float = 1.0
    smoothing: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.weight <= 1:
            raise InputError(f"weight is {self.weight}; it is the share of the images, from 0 to 1")
        if self.spread <= 0:
            raise InputError(f"spread is {self.spread}; it must be above 0")

    def _heads(self, n_classes: int) -> dict[str, nn.Module]:
        inner = self.hidden or self.bits
        return {"first": nn.Linear(self.bits, inner), "second": nn.Linear(inner, self.bits)}

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        joint = self._likeness(batch.x, batch.y)
        fused = (u + v).tanh()
        smooth = self._smoothed(u + v, joint)
        codes = smooth.detach().sign()
        u, v = u.tanh(), v.tanh()
        rebuilt = (smooth @ smooth.T / self.bits - joint).square().mean()
        across = (u @ v.T / self.bits - joint).square().mean()
        apart = (codes - u).square().mean() + (codes - v).square().mean()
        changed = (smooth - fused).square().mean()
        return self.rebuilding * rebuilt + self.between * across + apart + self.smoothing * changed

    def _likeness(self, x: Tensor, y: Tensor) -> Tensor:
        """How alike pairs are in direction and in distance, both modalities at once, (b, b) from -1 to 1."""
        parts = self.weight * functional.normalize(x), (1 - self.weight) * functional.normalize(y)
        joined = torch.cat(parts, dim=1)
        direction = cosines(joined, joined)
        distance = (2 - 2 * direction).clamp(min=0).sqrt()
        return 2 * direction * (-distance.sqrt() / self.spread).exp() - 1

    def _smoothed(self, outputs: Tensor, joint: Tensor) -> Tensor:
        """Outputs after two convolutions over the graph of the batch."""
        graph = ((joint + 1) / 2).clamp(min=0)  # what is unlike is no neighbour
        graph = graph / graph.sum(dim=1, keepdim=True).clamp(min=1e-6)
        inner = (graph @ self.net_["first"](outputs)).relu()
        made: Tensor = graph @ self.net_["second"](inner)
        return made.tanh()
