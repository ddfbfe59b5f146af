"""Instance loss: every image with its texts is a class of its own (Dual-Path)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.arrays import Array
from tuwen.methods.base import Paper
from tuwen.methods.layers import cosines, hardest_triplet
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkSpace


@dataclass(kw_only=True, eq=False)
class InstanceLoss(NetworkSpace):
    """Tells every training image from all others by one classifier for both modalities, then ranks.

    Lowers the cross entropy of softmax(sharpness * W u) and of softmax(sharpness * W v), where W has a unit
    row for each distinct image and u, v are unit vectors; after `first` of the training (stage II) also the
    hinge on the hardest wrong partners of the batch.
    Differs from the paper: on given features, with cosines in place of products; the paper trains both
    networks from pixels and words.

    Args:
        dim: Width of the common space.
        sharpness: Factor of the cosines.
        first: Share of the training before the hinge counts.
        margin: Of the hinge.
    """

    paper = Paper(
        "Dual-Path Convolutional Image-Text Embeddings with Instance Loss",
        "Zheng, Zheng, Garrett, Yang, Xu, Shen",
        "ACM TOMM",
        2020,
        "https://arxiv.org/abs/1711.05535",
    )

    dim: int = 256
    sharpness: float = 16.0
    first: float = 0.5
    margin: float = 0.2

    def _start(self, images: Array, texts: Array, labels: Array) -> None:
        known: dict[bytes, int] = {}  # an image stands in a row for each of its texts
        numbers = [known.setdefault(row.tobytes(), len(known)) for row in images]
        # used in training only, so that neither its size nor its rows stay
        self._instances = torch.tensor(numbers, device=self._where())
        self.net_["instances"] = nn.Embedding(len(known), self.dim).to(self._where())

    def _finish(self, images: Array, texts: Array, labels: Array) -> None:
        del self.net_["instances"], self._instances

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        rows = self.net_["instances"].weight
        own = self._instances[batch.rows]
        told = [functional.cross_entropy(self.sharpness * cosines(code, rows), own) for code in (u, v)]
        ranked = torch.zeros((), device=u.device)
        if batch.progress >= self.first:
            ranked = hardest_triplet(cosines(u, v), self.margin)
        return told[0] + told[1] + ranked
