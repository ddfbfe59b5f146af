"""Deep-SM: semantic matching by networks."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tuwen.arrays import Modality
from tuwen.methods.base import Paper
from tuwen.methods.layers import class_loss, mlp
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkClasses


@dataclass(kw_only=True, eq=False)
class DeepSM(NetworkClasses):
    """Tells the class of each item by a network a modality, and compares how probable every class is.

    Lowers the cross entropy of both networks; an item's vector is the softmax of its logits, less
    1 / classes, so that a guess is no direction.
    Differs from the paper: on given features; the paper's image network is fine-tuned from pixels.

    Args:
        hidden: Width of the hidden layer.
        dropout: Share of it that is left out while training.
    """

    paper = Paper(
        "Cross-Modal Retrieval With CNN Visual Features: A New Baseline",
        "Wei, Zhao, Lu, Wei, Liu, Zhu, Yan",
        "IEEE Transactions on Cybernetics",
        2017,
        "https://doi.org/10.1109/TCYB.2016.2519449",
    )

    dropout: float = 0.5

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        towers = {
            name: mlp(width, self.hidden, n_classes, dropout=self.dropout)
            for name, width in {"image": d_image, "text": d_text}.items()
        }
        return nn.ModuleDict(towers)

    def _step(self, batch: Batch) -> Tensor:
        return self._loss(self.net_["image"](batch.x), self.net_["text"](batch.y), batch)

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        return class_loss(u, batch.labels) + class_loss(v, batch.labels)

    def _code(self, batch: Tensor, modality: Modality) -> Tensor:
        return torch.softmax(self.net_[modality](batch), dim=1) - 1 / self.n_classes_
