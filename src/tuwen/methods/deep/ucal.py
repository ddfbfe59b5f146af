"""UCAL: unsupervised cross-modal retrieval through adversarial learning."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.arrays import Modality
from tuwen.methods.base import Paper
from tuwen.methods.layers import mlp, reverse_gradient
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkSpace


@dataclass(kw_only=True, eq=False)
class UCAL(NetworkSpace):
    """Brings pairs together while a critic fails to tell images from texts; no labels.

    Lowers mean ||u - v|| - adversary * the critic's cross entropy, whose gradient is reversed with a strength
    that grows as 2 / (1 + e^(-10 p)) - 1 with the share p of the training. Outputs are tanh of three layers.
    Differs from the paper: a hinge keeps wrong partners of the batch `margin` farther than the own one;
    distances of pairs alone are lowest where all items meet in one point.

    Args:
        dim: Width of the common space.
        adversary: Weight of the critic.
        margin: How much farther a wrong partner must be; 0 leaves the distances of pairs alone.
    """

    paper = Paper(
        "Unsupervised Cross-Modal Retrieval through Adversarial Learning",
        "He, Xu, Lu, Yang, Shen, Shen",
        "ICME",
        2017,
        "https://doi.org/10.1109/ICME.2017.8019549",
    )

    dim: int = 64
    adversary: float = 0.1
    margin: float = 0.2

    def _heads(self, n_classes: int) -> dict[str, nn.Module]:
        return {"critic": mlp(self.dim, self.dim, self.dim // 2, 2)}

    def _code(self, batch: Tensor, modality: Modality) -> Tensor:
        return super()._code(batch, modality).tanh()

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        apart = torch.cdist(u, v) / self.dim**0.5
        own = apart.diagonal()
        wrong = apart.masked_fill(torch.eye(len(u), dtype=torch.bool, device=u.device), torch.inf)
        hinges = [(self.margin + own - wrong.amin(dim=side)).clamp(min=0) for side in (1, 0)]
        strength = 2 / (1 + exp(-10 * batch.progress)) - 1
        origin = torch.arange(2, device=u.device).repeat_interleave(len(u))
        guessed = self.net_["critic"](reverse_gradient(torch.cat([u, v]), strength))
        critic = functional.cross_entropy(guessed, origin)
        kept = (hinges[0] + hinges[1]).mean() if self.margin else torch.zeros((), device=u.device)
        return own.mean() + kept + self.adversary * critic
