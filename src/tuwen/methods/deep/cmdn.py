"""CMDN: cross-media multiple deep networks, separate and joint representations in two stages."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tuwen.arrays import MODALITIES, Modality
from tuwen.methods.base import Paper
from tuwen.methods.layers import class_loss, mlp
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkSpace


@dataclass(kw_only=True, eq=False)
class CMDN(NetworkSpace):
    """Joins what a modality tells of itself with what it tells of both, then brings the two together.

    First stage: s decodes its own features, m decodes those of both modalities, and r = relu(A [s, m])
    decodes both s and m; second stage: codes u of r_x and v of r_y, lowering correspondence * mean ||u -
    v||² + squared errors of r_x and r_y decoded from u as from v + telling * cross entropy of the labels.
    The second stage sees the first without moving it.
    Differs from the paper: on given features; autoencoders in place of its stacked autoencoders, its
    multimodal belief network and its joint Boltzmann machine; both stages learn side by side, by Adam;
    weights of the terms are ours.

    Args:
        dim: Width of the common space.
        hidden: Width of s, m and r.
        correspondence: Weight of distances within pairs.
        telling: Weight of the labels.
    """

    paper = Paper(
        "Cross-Media Shared Representation by Hierarchical Learning with Multiple Deep Networks",
        "Peng, Huang, Qi",
        "IJCAI",
        2016,
        "https://www.ijcai.org/Abstract/16/541",
    )
    needs_labels = True

    dim: int = 128
    correspondence: float = 1.0
    telling: float = 1.0

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        parts: dict[str, nn.Module] = {"classifier": nn.Linear(self.dim, n_classes)}
        for modality, width in (("image", d_image), ("text", d_text)):
            parts |= {
                f"{modality}_separate": mlp(width, self.hidden, last=True),
                f"{modality}_shared": mlp(width, self.hidden, last=True),
                f"{modality}_joined": mlp(2 * self.hidden, self.hidden, last=True),
                f"{modality}_own": nn.Linear(self.hidden, width),
                f"{modality}_both": nn.Linear(self.hidden, d_image + d_text),
                f"{modality}_parts": nn.Linear(self.hidden, 2 * self.hidden),
                modality: mlp(self.hidden, self.hidden, self.dim),
                f"{modality}_joints": mlp(self.dim, self.hidden, 2 * self.hidden),
            }
        return nn.ModuleDict(parts)

    def _stage_one(self, batch: Tensor, modality: Modality) -> tuple[Tensor, Tensor, Tensor]:
        """s, m and r of the first stage, (b, hidden) each."""
        separate = self.net_[f"{modality}_separate"](batch)
        shared = self.net_[f"{modality}_shared"](batch)
        seen = torch.cat([separate, shared], dim=1).detach()  # r codes s and m as they are
        return separate, shared, self.net_[f"{modality}_joined"](seen)

    def _code(self, batch: Tensor, modality: Modality) -> Tensor:
        code: Tensor = self.net_[modality](self._stage_one(batch, modality)[2].detach())
        return code

    def _step(self, batch: Batch) -> Tensor:
        both = torch.cat([batch.x, batch.y], dim=1)
        lost, joints = [], []
        for modality, features in zip(MODALITIES, (batch.x, batch.y), strict=True):
            separate, shared, joined = self._stage_one(features, modality)
            lost += [
                (self.net_[f"{modality}_own"](separate) - features).square().mean(),
                (self.net_[f"{modality}_both"](shared) - both).square().mean(),
                (self.net_[f"{modality}_parts"](joined) - torch.cat([separate, shared], dim=1).detach())
                .square()
                .mean(),
            ]
            joints.append(joined.detach())
        u, v = self.net_["image"](joints[0]), self.net_["text"](joints[1])
        wanted = torch.cat(joints, dim=1)
        lost += [
            (self.net_[f"{modality}_joints"](code) - wanted).square().mean()
            for modality, code in (("image", u), ("text", v))
        ]
        return torch.stack(lost).sum() + self._loss(u, v, batch)

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        told = class_loss(self.net_["classifier"](torch.cat([u, v])), batch.labels.repeat(2, 1))
        return self.telling * told + self.correspondence * (u - v).square().mean()
