"""DASA: dual-pathway attention based supervised adversarial hashing."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.arrays import MODALITIES, Modality
from tuwen.methods.base import Paper
from tuwen.methods.hash_losses import RememberingHasher, check_hidden, likelihood, off_signs
from tuwen.methods.layers import class_loss, mlp, reverse_gradient
from tuwen.methods.network import Batch


@dataclass(kw_only=True, eq=False)
class DASA(RememberingHasher):
    """Weighs features by two attentions, from which a critic fails to tell images from texts.

    One path gates the units of a layer by what they are together; the other reads from `slots` learned rows,
    the same for both modalities, by a softmax over how near each is. u is the tanh of what a layer makes of
    both. Lowers likelihoods of shared labels between and within modalities (log(1 + e^θ) - S θ, θ = u·v / 2,
    against the newest outputs of all pairs) + telling * cross entropy of the classes + quantisation *
    mean (|u| - 1)² - adversary * the critic's cross entropy.
    Re-derived from what surveys say of it; the paper's equations were not at hand. Differs from the paper:
    on given features, where it attends to places and words (figures do not compare); weights and attentions
    are ours.

    Args:
        bits: Of a code.
        slots: Rows that the second path reads from.
        telling: Weight of the classes.
        quantisation: Weight of the distance from signs.
        adversary: Weight of the critic.
    """

    paper = Paper(
        "Dual-Pathway Attention based Supervised Adversarial Hashing for Cross-modal Retrieval",
        "Liang, Cao, Du, et al.",
        "IEEE BigComp",
        2021,
        "",
    )
    needs_labels = True

    slots: int = 32
    telling: float = 1.0
    quantisation: float = 0.1
    adversary: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_hidden(self)

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        narrow = max(self.hidden // 4, 1)
        parts: dict[str, nn.Module] = {"slots": nn.Linear(self.hidden, self.slots, bias=False)}
        for name, width in zip(MODALITIES, (d_image, d_text), strict=True):
            parts[name] = mlp(width, self.hidden, last=True)
            parts[f"{name}_gate"] = mlp(self.hidden, narrow, self.hidden)
            parts[f"{name}_bits"] = nn.Linear(2 * self.hidden, self.bits)
        parts["classifier"] = nn.Linear(self.bits, n_classes)
        parts["critic"] = mlp(self.bits, max(self.bits // 2, 1), 2)
        return nn.ModuleDict(parts)

    def _code(self, batch: Tensor, modality: Modality) -> Tensor:
        feature = self.net_[modality](batch)
        gated = feature * torch.sigmoid(self.net_[f"{modality}_gate"](feature))
        made: Tensor = self.net_[f"{modality}_bits"](torch.cat([gated, self._read(feature)], dim=1))
        return made.tanh()

    def _read(self, feature: Tensor) -> Tensor:
        """The mean of the slots, weighted by how near each is, (b, hidden)."""
        near = functional.softmax(self.net_["slots"](feature) / self.hidden**0.5, dim=1)
        read: Tensor = near @ self.net_["slots"].weight
        return read

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        outputs, alike = self._remember(u, v, batch), self._alike(batch)
        both = torch.cat([u, v])
        told = likelihood(both @ outputs[0].T, alike.repeat(2, 1))
        told = told + likelihood(both @ outputs[1].T, alike.repeat(2, 1))
        classes = class_loss(self.net_["classifier"](both), batch.labels.repeat(2, 1))
        origin = torch.arange(2, device=both.device).repeat_interleave(len(u))
        judged = reverse_gradient(both, self.adversary)  # the critic itself learns at full strength
        critic = functional.cross_entropy(self.net_["critic"](judged), origin)
        return told + self.telling * classes + self.quantisation * off_signs(u, v) + critic
