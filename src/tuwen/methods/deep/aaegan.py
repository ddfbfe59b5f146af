"""AAEGAN: autoencoders and adversarial networks, for classes that training has not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.arrays import Array
from tuwen.methods.base import Paper
from tuwen.methods.layers import mlp, reverse_gradient
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkSpace


@dataclass(kw_only=True, eq=False)
class AAEGAN(NetworkSpace):
    """Couples autoencoders of images, texts and classes, whose codes must each tell the features of all.

    With codes u, v of a pair and c of its class, lowers mean ||u - v||² + ||u - c||² + ||v - c||² +
    reconstruction * squared errors of x, y and the class decoded from each of u, v and c, and raises
    adversary * the loss of two critics that tell features from those that were decoded from c. Nothing tells
    classes apart but where they lie, so that items of classes that training has not seen have places too.
    `tuwen bench --split zero-shot` measures that.
    Re-derived: no code of the authors is public, and the weights are ours. Labels are numbers: a class stands
    for itself by the mean features of its texts, where the paper has word vectors of its name.

    Args:
        dim: Width of the common space.
        alignment: Weight of the distances between codes.
        reconstruction: Weight of the decoders.
        adversary: Strength of the reversed gradient; the critics learn at full strength.
    """

    paper = Paper(
        "Zero-shot Cross-modal Retrieval by Assembling AutoEncoder and Generative Adversarial Network",
        "Xu, Tian, Lin, Lu, Shao, Shen",
        "ACM TOMM",
        2021,
        "https://doi.org/10.1145/3424341",
    )
    needs_labels = True

    dim: int = 64
    alignment: float = 1.0
    reconstruction: float = 1.0
    adversary: float = 0.1

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        widths = {"image": d_image, "text": d_text, "class": d_text}
        parts: dict[str, nn.Module] = {}
        for name, width in widths.items():
            parts[name] = mlp(width, self.hidden, self.dim)
            parts[f"{name}_again"] = mlp(self.dim, self.hidden, width)
        for name in ("image", "text"):
            parts[f"{name}_critic"] = mlp(widths[name], self.hidden, 2)
        return nn.ModuleDict(parts)

    def _start(self, images: Array, texts: Array, labels: Array) -> None:
        means = labels.T @ texts / np.maximum(labels.sum(axis=0), 1)[:, None]
        self._meanings = self._scaled(torch.from_numpy(means.astype(np.float32)), "text").to(self._where())

    def _finish(self, images: Array, texts: Array, labels: Array) -> None:
        del self._meanings

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        share = batch.labels / batch.labels.sum(dim=1, keepdim=True).clamp(min=1)
        meant = share @ self._meanings
        codes = {"image": u, "text": v, "class": self.net_["class"](meant)}
        targets = {"image": batch.x, "text": batch.y, "class": meant}
        lost, fooled = [], []
        for name, target in targets.items():
            again = {source: self.net_[f"{name}_again"](code) for source, code in codes.items()}
            lost += [(made - target).square().mean() for made in again.values()]
            if name != "class":
                made = reverse_gradient(again["class"], self.adversary)
                kinds = torch.arange(2, device=made.device).repeat_interleave(len(made))
                judged = self.net_[f"{name}_critic"](torch.cat([target, made]))
                fooled.append(functional.cross_entropy(judged, kinds))
        pairs = (("image", "text"), ("image", "class"), ("text", "class"))
        apart = torch.stack([(codes[one] - codes[other]).square().mean() for one, other in pairs]).sum()
        lost_, fooled_ = torch.stack(lost).sum(), torch.stack(fooled).sum()
        return self.alignment * apart + self.reconstruction * lost_ + fooled_
