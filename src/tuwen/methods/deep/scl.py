"""SCL: self-supervised correlation learning."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.methods.base import Paper
from tuwen.methods.layers import contrast, mlp, reverse_gradient
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkSpace


@dataclass(kw_only=True, eq=False)
class SCL(NetworkSpace):
    """Lets each modality's features tell the other's place in the common space; no labels.

    Raises the mutual information (InfoNCE bounds) of image features with text codes and of text features with
    image codes; lowers also pairing * mean ||u - v||² of unit codes and, reversed, the loss of a critic that
    tells images from texts. Features take part through a linear map each.
    Re-derived: no code of the authors is public, and the bounds and weights are ours.

    Args:
        dim: Width of the common space.
        temperature: Of the contrasts.
        pairing: Weight of distances within pairs.
        adversary: Weight of the critic.
    """

    paper = Paper(
        "Self-Supervised Correlation Learning for Cross-Modal Retrieval",
        "Liu, Wu, Qu, Chen, et al.",
        "IEEE Transactions on Multimedia",
        2023,
        "https://doi.org/10.1109/TMM.2022.3152086",
    )

    dim: int = 128
    temperature: float = 0.1
    pairing: float = 1.0
    adversary: float = 0.1

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        parts = {
            "image": mlp(d_image, self.hidden, self.dim),
            "text": mlp(d_text, self.hidden, self.dim),
            "image_raw": nn.Linear(d_image, self.dim),
            "text_raw": nn.Linear(d_text, self.dim),
            "critic": mlp(self.dim, self.dim, 2),
        }
        return nn.ModuleDict(parts)

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        u, v = functional.normalize(u), functional.normalize(v)
        x = functional.normalize(self.net_["image_raw"](batch.x))
        y = functional.normalize(self.net_["text_raw"](batch.y))
        told = contrast(x, v, self.temperature) + contrast(u, y, self.temperature)
        strength = 2 / (1 + exp(-10 * batch.progress)) - 1
        origin = torch.arange(2, device=u.device).repeat_interleave(len(u))
        guessed = self.net_["critic"](reverse_gradient(torch.cat([u, v]), strength))
        critic = functional.cross_entropy(guessed, origin)
        return told + self.pairing * (u - v).square().sum(dim=1).mean() + self.adversary * critic
