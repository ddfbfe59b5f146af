"""Adapters: a linear common space, made better by a small network beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.arrays import MODALITIES, Array, Modality
from tuwen.methods.base import Paper
from tuwen.methods.layers import contrast
from tuwen.methods.network import Batch
from tuwen.methods.subspace.cca import CCA
from tuwen.methods.towers import NetworkSpace


class _Beside(nn.Module):
    """A frozen map, and what a network adds to its rows; at first nothing."""

    def __init__(self, width: int, dim: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.frozen = nn.Linear(width, dim).requires_grad_(False)
        last = nn.Linear(hidden, dim)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        into, within = nn.Dropout(dropout / 3), nn.Dropout(dropout)
        self.added = nn.Sequential(into, nn.Linear(dim, hidden), nn.ReLU(), within, last)

    def forward(self, x: Tensor) -> Tensor:
        z = functional.normalize(self.frozen(x)) * self.frozen.out_features**0.5
        made: Tensor = z + self.added(z)
        return made


@dataclass(kw_only=True, eq=False)
class Adapter(NetworkSpace):
    """Starts from CCA and learns what to add to its vectors, so that it is hardly ever worse.

    With z the unit vector that CCA gives, an item is coded by z + f(z), f a network of one hidden layer that
    is zero at first. Lowers the cross entropy of each pair against the others of the batch, both ways, at a
    temperature; others with the very same image or text are no wrong partners.
    Differs from the paper: it adapts the features of a dual encoder to classes, by a fixed blend; this
    adapts CCA's to pairs.

    Args:
        dim: Directions of CCA; at most the smaller rank of the two sides.
        ridge: Of CCA.
        power: Of CCA: each direction counts by its correlation to this power.
        dropout: Share of the hidden layer that is left out while training; a third of it of the input.
        temperature: Of the contrast.
    """

    paper = Paper(
        "CLIP-Adapter: Better Vision-Language Models with Feature Adapters",
        "Gao, Geng, Zhang, Ma, Fang, Zhang, Li, Qiao",
        "IJCV",
        2024,
        "https://arxiv.org/abs/2110.04544",
    )

    epochs: int = 10
    batch_size: int = 256
    weight_decay: float = 1.0
    hidden: int = 1024
    dim: int = 8
    ridge: float = 1.0
    power: float = 1.0
    dropout: float = 0.3
    temperature: float = 0.1

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        widths = zip(MODALITIES, (d_image, d_text), strict=True)
        return nn.ModuleDict(
            {name: _Beside(width, self.dim, self.hidden, self.dropout) for name, width in widths}
        )

    def _start(self, images: Array, texts: Array, labels: Array) -> None:
        linear = CCA(dim=self.dim, ridge=self.ridge, power=self.power)
        linear.fit(self._standard(images, "image"), self._standard(texts, "text"))
        for name in MODALITIES:
            weights = linear.weights_[name] / linear.scales_[name][:, None]
            frozen = self.net_[name].frozen
            frozen.weight.copy_(torch.from_numpy(weights.T.copy()))
            frozen.bias.copy_(torch.from_numpy(-linear.means_[name] @ weights))

    def _standard(self, features: Array, modality: Modality) -> Array:
        """Features as the networks take them."""
        return np.asarray((features - self.mean_[modality]) / self.scale_[modality])

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        same = _equal(batch.x) | _equal(batch.y)
        return contrast(functional.normalize(u), functional.normalize(v), self.temperature, same)


def _equal(rows: Tensor) -> Tensor:
    """Which rows (n, d) are the very same, (n, n)."""
    numbers = torch.unique(rows, dim=0, return_inverse=True)[1]
    return numbers[:, None] == numbers
