"""ELRCMR: early learning keeps wrong labels out."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.arrays import Array
from tuwen.methods.base import Paper
from tuwen.methods.layers import class_loss, contrast, mlp, prototypes
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkSpace


@dataclass(kw_only=True, eq=False)
class ELRCMR(NetworkSpace):
    """Trusts what was learned early, before wrong labels are memorised, more than the labels.

    Lowers cross entropy + memory * mean log(1 - <p, t>) + a contrast of pairs whose weight rises as
    1 - e^(-5 (1 - s)²), s the share of training that is left, where p are the probabilities of classes and t
    their running mean for the pair over earlier epochs.
    Differs from the paper: no average of weights, which the released code does not compute either.

    Args:
        dim: Width of the common space.
        memory: Weight of the term that pulls probabilities to their running mean.
        keeping: Share of the running mean that stays at each step.
        temperature: Of the softmaxes.
    """

    paper = Paper(
        "Early-Learning regularized Contrastive Learning for Cross-Modal Retrieval with Noisy Labels",
        "Xu, Liu, Huang, Wang, Nie",
        "ACM Multimedia",
        2022,
        "https://doi.org/10.1145/3503161.3548066",
    )
    needs_labels = True

    batch_size: int = 100
    learning_rate: float = 1e-4
    dim: int = 512
    hidden: int = 1024
    memory: float = 1.0
    keeping: float = 0.75
    temperature: float = 0.2

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        widths = {"image": d_image, "text": d_text}
        towers = {name: mlp(width, self.hidden, self.hidden, self.dim) for name, width in widths.items()}
        return nn.ModuleDict(towers | {"prototypes": prototypes(self.dim, n_classes)})

    def _start(self, images: Array, texts: Array, labels: Array) -> None:
        self._early = torch.zeros(labels.shape, device=self._where())

    def _finish(self, images: Array, texts: Array, labels: Array) -> None:
        del self._early

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        u, v = functional.normalize(u), functional.normalize(v)
        unit = functional.normalize(self.net_["prototypes"].weight)
        logits = [code @ unit.T / self.temperature for code in (u, v)]
        chances = [functional.softmax(part, dim=1).clamp(1e-4, 1 - 1e-4) for part in logits]
        mean = (chances[0] + chances[1]).detach() / 2
        early = self.keeping * self._early[batch.rows] + (1 - self.keeping) * mean
        self._early[batch.rows] = early
        told = class_loss(logits[0], batch.labels) + class_loss(logits[1], batch.labels)
        kept = sum((1 - (part * early).sum(dim=1)).clamp(min=1e-4).log().mean() for part in chances)
        rising = 1 - exp(-5 * batch.progress**2)
        return told + self.memory * kept + rising * contrast(u, v, self.temperature)
