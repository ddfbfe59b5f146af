"""CM-GANs: cross-modal generative adversarial networks for a common representation."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.arrays import Modality
from tuwen.methods.base import Paper
from tuwen.methods.layers import class_loss, mlp, reverse_gradient
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkSpace


@dataclass(kw_only=True, eq=False)
class CMGAN(NetworkSpace):
    """Autoencoders that share their last layer, against critics of what they decode and of what they share.

    Lowers the cross entropy of the labels + reconstruction * squared errors of what is decoded + pairing *
    mean ||u - v||², and raises adversary * the losses of three critics: two tell features from decoded ones,
    one tells codes of images from codes of texts.
    Differs from the paper: on given features, with dense layers for convolutions; generators and critics
    learn in one step by a reversed gradient, not in turns; weights of the terms are ours.

    Args:
        dim: Width of the common space.
        reconstruction: Weight of the decoders.
        pairing: Weight of distances within pairs.
        adversary: Strength of the reversed gradients; the critics learn at full strength.
    """

    paper = Paper(
        "CM-GANs: Cross-modal Generative Adversarial Networks for Common Representation Learning",
        "Peng, Qi",
        "ACM TOMM",
        2019,
        "https://arxiv.org/abs/1710.05106",
    )
    needs_labels = True

    dim: int = 128
    reconstruction: float = 0.1
    pairing: float = 1.0
    adversary: float = 0.1

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        parts: dict[str, nn.Module] = {
            "common": nn.Linear(self.hidden, self.dim),
            "classifier": nn.Linear(self.dim, n_classes),
            "critic": mlp(self.dim, self.dim, 2),
        }
        for name, width in {"image": d_image, "text": d_text}.items():
            parts[name] = mlp(width, self.hidden, last=True)
            parts[f"{name}_again"] = mlp(self.dim, self.hidden, width)
            parts[f"{name}_critic"] = mlp(width, self.hidden, 2)
        return nn.ModuleDict(parts)

    def _code(self, batch: Tensor, modality: Modality) -> Tensor:
        code: Tensor = self.net_["common"](self.net_[modality](batch))
        return code

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        told = class_loss(self.net_["classifier"](torch.cat([u, v])), batch.labels.repeat(2, 1))
        lost, fooled = [], [self._judged("critic", reverse_gradient(torch.cat([u, v]), self.adversary))]
        for name, code, features in (("image", u, batch.x), ("text", v, batch.y)):
            again = self.net_[f"{name}_again"](code)
            lost.append((again - features).square().mean())
            made = reverse_gradient(again, self.adversary)
            fooled.append(self._judged(f"{name}_critic", torch.cat([features, made])))
        apart = (u - v).square().mean()
        return (
            told
            + self.reconstruction * torch.stack(lost).sum()
            + self.pairing * apart
            + torch.stack(fooled).sum()
        )

    def _judged(self, critic: str, both: Tensor) -> Tensor:
        """The critic's cross entropy; the first half of the rows is of one kind, the second of another."""
        kinds = torch.arange(2, device=both.device).repeat_interleave(len(both) // 2)
        return functional.cross_entropy(self.net_[critic](both), kinds)
