"""ACMR: adversarial cross-modal retrieval."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.arrays import Modality
from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.layers import class_loss, mlp, reverse_gradient, shared_labels
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkSpace


@dataclass(kw_only=True, eq=False)
class ACMR(NetworkSpace):
    """Tells classes from a space in which a critic fails to tell images from texts.

    Lowers telling * cross entropy of the labels + triplets * [distance to the partner + hinge on the nearest
    item of another class, both ways] - the critic's cross entropy, whose gradient is reversed with a
    strength of 2 / (1 + e^(-10 p)) - 1 at share p of the training.
    Differs from the paper: distances are those of unit vectors, as items are compared by cosine.

    Args:
        dim: Width of the common space.
        hidden: Width of the layer before it.
        telling: Weight of the labels.
        triplets: Weight of distances.
        margin: How much nearer the partner must be than an item of another class.
        variant: `released` trains as the public code does: the critic's gradient never reaches the
            towers, and the classifier keeps its random start.
    """

    paper = Paper(
        "Adversarial Cross-Modal Retrieval",
        "Wang, Yang, Xu, Hanjalic, Shen",
        "ACM Multimedia",
        2017,
        "https://doi.org/10.1145/3123266.3123326",
    )
    needs_labels = True

    epochs: int = 200
    batch_size: int = 64
    learning_rate: float = 1e-4
    dim: int = 40
    hidden: int = 100
    telling: float = 1.0
    triplets: float = 1.0
    margin: float = 0.5
    variant: Literal["paper", "released"] = "paper"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.variant not in ("paper", "released"):
            raise InputError(f"variant is {self.variant!r}; it is 'paper' or 'released'")

    def _heads(self, n_classes: int) -> dict[str, nn.Module]:
        classifier = nn.Linear(self.dim, n_classes)
        classifier.requires_grad_(self.variant == "paper")
        return {"classifier": classifier, "critic": mlp(self.dim, self.dim // 2, 10, 2)}

    def _code(self, batch: Tensor, modality: Modality) -> Tensor:
        return super()._code(batch, modality).tanh()

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        both = torch.cat([u, v])
        labels = class_loss(self.net_["classifier"](both), batch.labels.repeat(2, 1))
        strength = 2 / (1 + exp(-10 * batch.progress)) - 1
        judged = both.detach() if self.variant == "released" else reverse_gradient(both, strength)
        origin = torch.arange(2, device=both.device).repeat_interleave(len(u))
        critic = functional.cross_entropy(self.net_["critic"](judged), origin)
        return self.telling * labels + self.triplets * self._triplets(u, v, batch.labels) + critic

    def _triplets(self, u: Tensor, v: Tensor, labels: Tensor) -> Tensor:
        """Distances to partners, and hinges on the nearest items of other classes."""
        apart = torch.cdist(functional.normalize(u), functional.normalize(v))
        own = apart.diagonal()
        others = apart.masked_fill(shared_labels(labels) > 0, torch.inf)
        hinges = [(self.margin + own - others.amin(dim=side)).clamp(min=0) for side in (1, 0)]
        return (own + hinges[0] + hinges[1]).mean()
