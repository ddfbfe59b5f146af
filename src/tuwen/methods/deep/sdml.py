"""SDML: scalable deep multimodal learning."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.layers import mlp
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkSpace


@dataclass(kw_only=True, eq=False)
class SDML(NetworkSpace):
    """Fixes the common space beforehand, so that each modality learns its way there without the other.

    Lowers, for each modality, (1 - reconstruction) * mean ||W^T u - y||² + reconstruction * mean squared
    error of what is decoded, where the columns of W (dim, classes) are orthonormal, drawn once and never
    learned.
    Differs from the paper: weights of the terms are ours.

    Args:
        dim: Width of the common space; at least the number of classes.
        reconstruction: Weight of the decoders.
    """

    paper = Paper(
        "Scalable Deep Multimodal Learning for Cross-Modal Retrieval",
        "Hu, Zhen, Peng, Liu",
        "SIGIR",
        2019,
        "https://doi.org/10.1145/3331184.3331213",
    )
    needs_labels = True

    learning_rate: float = 1e-4
    epochs: int = 200
    batch_size: int = 100
    dim: int = 512
    reconstruction: float = 0.1

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        if self.dim < n_classes:
            raise InputError(
                f"dim is {self.dim}, but there are {n_classes} classes; it must be as many at least"
            )
        widths = {"image": d_image, "text": d_text}
        towers = {name: mlp(width, self.hidden, self.hidden, self.dim) for name, width in widths.items()}
        decoders = {f"{name}_again": mlp(self.dim, self.hidden, width) for name, width in widths.items()}
        space = nn.Linear(self.dim, n_classes, bias=False)
        nn.init.orthogonal_(space.weight)
        return nn.ModuleDict(towers | decoders | {"space": space.requires_grad_(False)})

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        told = [(self.net_["space"](code) - batch.labels).square().sum(dim=1).mean() for code in (u, v)]
        again = self.net_["image_again"](u), self.net_["text_again"](v)
        lost = (again[0] - batch.x).square().mean() + (again[1] - batch.y).square().mean()
        return (1 - self.reconstruction) * torch.stack(told).sum() + self.reconstruction * lost
