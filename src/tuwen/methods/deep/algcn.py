"""ALGCN: adaptive label-aware graph convolutional networks."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.arrays import Array
from tuwen.methods.base import Paper
from tuwen.methods.layers import cosines, mlp, shared_labels
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkSpace


class LabelGraph(nn.Module):
    """A graph of classes, and three graph convolutions that make a vector of each.

    Neighbours are those by `known`, which labels give, plus `strength` times `learned`; rows of the
    convolutions are weighed by relu(known + strength * learned), scaled by the roots of both degrees.
    """

    known: Tensor

    def __init__(self, n_classes: int, inner: int, dim: int, strength: float) -> None:
        super().__init__()
        self.strength = strength
        self.register_buffer("known", torch.eye(n_classes))
        self.learned = nn.Parameter(0.02 * torch.rand(n_classes, n_classes))
        self.meanings = nn.Parameter(torch.rand(n_classes, 300))
        widths = (300, inner, inner, dim)
        self.layers = nn.ModuleList(
            nn.Linear(before, after, bias=False) for before, after in pairwise(widths)
        )

    def weights(self) -> Tensor:
        """The scaled graph, (n_classes, n_classes)."""
        graph = (self.known + self.strength * self.learned).relu()
        roots = graph.sum(dim=1).clamp(min=1e-6).rsqrt()
        return graph * roots[:, None] * roots

    def forward(self) -> Tensor:
        """Vectors of the classes, (n_classes, dim)."""
        graph, rows = self.weights(), self.meanings
        for number, layer in enumerate(self.layers):
            rows = graph @ layer(rows)
            if number + 1 < len(self.layers):
                rows = functional.leaky_relu(rows, 0.2)
        return rows


@dataclass(kw_only=True, eq=False)
class ALGCN(NetworkSpace):
    """Tells labels by cosines with vectors that a network makes of classes and of which occur together.

    Lowers mean ||cos(u, C) - y|| + mean ||cos(v, C) - y|| + likeness * [log(1 + e^θ) - S θ over (u, v), (u,
    u) and (v, v), with θ = cos / 2], where C are the vectors of the label graph and S = 1 where labels are
    shared.
    Differs from the paper: as it does not know the names of classes, what stands for them is learned from a
    random start, which the released code also allows. Where an item has one label only, the given graph is
    empty, and the learned one alone joins classes. The released code chooses the epoch on the test set.

    Args:
        dim: Width of the common space.
        hidden: Width of the graph convolutions.
        likeness: Weight of likeness between and within modalities.
        often: Share of a class's items that also have another, from which on the two are neighbours.
        strength: Weight of the learned graph.
    """

    paper = Paper(
        "Adaptive Label-aware Graph Convolutional Networks for Cross-Modal Retrieval",
        "Qian, Xue, Fang, Xu",
        "IEEE Transactions on Multimedia",
        2022,
        "https://doi.org/10.1109/TMM.2021.3101642",
    )
    needs_labels = True

    epochs: int = 50
    batch_size: int = 1024
    learning_rate: float = 5e-5
    dim: int = 1024
    likeness: float = 0.2
    often: float = 0.4
    strength: float = 0.5

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        return nn.ModuleDict(
            {
                "image": mlp(d_image, self.dim, last=True),
                "text": mlp(d_text, self.dim, last=True),
                "classes": LabelGraph(n_classes, self.hidden, self.dim, self.strength),
            }
        )

    def _start(self, images: Array, texts: Array, labels: Array) -> None:
        known = self.net_["classes"].known
        known.copy_(torch.from_numpy(neighbours(labels, self.often)))

    def _make_optimizer(self, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
        graph = self.net_["classes"].learned  # as in the released code, a hundred times as fast
        others = [one for one in parameters if one is not graph]
        groups = [{"params": others}, {"params": [graph], "lr": 100 * self.learning_rate}]
        return torch.optim.AdamW(groups, lr=self.learning_rate, weight_decay=self.weight_decay)

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        classes = self.net_["classes"]()
        told = [(cosines(code, classes) - batch.labels).norm(dim=1).mean() for code in (u, v)]
        alike = shared_labels(batch.labels)
        halves = [cosines(one, other) / 2 for one, other in ((u, v), (u, u), (v, v))]
        kept = torch.stack([(functional.softplus(half) - alike * half).mean() for half in halves])
        return told[0] + told[1] + self.likeness * kept.sum()


def neighbours(labels: Array, often: float) -> Array:
    """Which classes have another beside them in at least a share `often` of their items, (c, c); own: 1."""
    together = labels.T @ labels
    share = together / np.maximum(np.diag(together), 1)[:, None]
    np.fill_diagonal(share, 1)
    return (share >= min(often, 1)).astype(np.float32)
