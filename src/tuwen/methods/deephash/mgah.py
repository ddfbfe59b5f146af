"""MGAH: multi-pathway generative adversarial hashing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from tuwen.arrays import MODALITIES, Array, Modality
from tuwen.methods.base import Paper
from tuwen.methods.graphs import neighbours
from tuwen.methods.layers import mlp
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkHasher


@dataclass(kw_only=True, eq=False)
class MGAH(NetworkHasher):
    """Learns from neighbours in either modality, against items that a generator picks to deceive; no labels.

    Each step takes, for item i of either modality, a neighbour j in the features of images or of texts, and
    a pair k of the batch that the generator draws with probability p = softmax(-distances of its outputs).
    With D(i, j) the squared distances of sigmoid(u_i) from both sides of pair j, the discriminator lowers
    h = max(0, margin * bits + D(i, j) - D(i, k)), and the generator -sigmoid(h) log p(k): it learns to draw
    what is taken for a neighbour (policy gradient). The codes are the discriminator's.
    Re-derived from the paper and its authors' network files. Differs from the paper: two modalities, where
    it joins five; the generator draws from the batch; it and the discriminator step together, with Adam and
    without pre-training; margin and number of neighbours are ours.

    Args:
        bits: Of a code.
        margin: How much nearer a neighbour must be than what was drawn, a bit.
        linked: Neighbours of an item in each modality.
    """

    paper = Paper(
        "Multi-pathway Generative Adversarial Hashing for Unsupervised Cross-modal Retrieval",
        "Zhang, Peng",
        "IEEE Transactions on Multimedia",
        2020,
        "https://doi.org/10.1109/TMM.2019.2922128",
    )

    margin: float = 0.1
    linked: int = 10

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        inner = [self.hidden] if self.hidden else []
        parts: dict[str, nn.Module] = {}
        for name, width in zip(MODALITIES, (d_image, d_text), strict=True):
            parts[name] = mlp(width, *inner, self.bits)
            parts[f"{name}_generator"] = mlp(width, *inner, self.bits)
        return nn.ModuleDict(parts)

    def _start(self, images: Array, texts: Array, labels: Array) -> None:
        found = [neighbours(side, self.linked)[0] for side in (images, texts)]
        device = self._where()
        # an item is a neighbour of itself: its partner is one in the other modality
        itself = np.arange(len(images))[:, None]
        self._near = torch.from_numpy(np.concatenate([itself, *found], axis=1)).to(device)
        self._data = [torch.from_numpy(np.require(side, requirements=["C", "W"])) for side in (images, texts)]

    def _finish(self, images: Array, texts: Array, labels: Array) -> None:
        del self._near, self._data

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        places = torch.randint(self._near.shape[1], (len(u), 1), device=u.device)
        near = self._near[batch.rows].gather(1, places)[:, 0]
        linked = [self._again(near, name) for name in MODALITIES]
        outputs = [one.float().sigmoid() for one in (u, v)]
        loss = torch.zeros((), device=u.device)
        for mine, side in zip(outputs, MODALITIES, strict=True):
            chances = self._chances(batch, side)
            drawn = torch.multinomial(chances.detach().exp(), 1)[:, 0]
            wrong = _apart(mine, [one[drawn] for one in outputs])
            hinge = (self.margin * self.bits + _apart(mine, linked) - wrong).clamp(min=0)
            chance = chances.gather(1, drawn[:, None])[:, 0]
            loss = loss + hinge.mean() - (chance * hinge.detach().sigmoid()).mean()
        return loss

    def _again(self, rows: Tensor, modality: Modality) -> Tensor:
        """The discriminator's outputs for other training pairs, (b, bits) from 0 to 1."""
        features = self._data[MODALITIES.index(modality)][rows.cpu()].to(rows.device)
        return self._code(self._scaled(features, modality), modality).float().sigmoid()

    def _chances(self, batch: Batch, modality: Modality) -> Tensor:
        """Logarithms of how likely the generator draws each pair of the batch, (b, b); never the own one."""
        given = {"image": batch.x, "text": batch.y}
        made = {name: self.net_[f"{name}_generator"](given[name]).float().sigmoid() for name in MODALITIES}
        mine = made[modality]
        far = torch.stack([torch.cdist(mine, other).square() for other in made.values()]).sum(dim=0)
        own = torch.eye(len(mine), dtype=torch.bool, device=mine.device)
        return (-far).masked_fill(own, -torch.inf).log_softmax(dim=1)


def _apart(mine: Tensor, sides: list[Tensor]) -> Tensor:
    """Squared distances of outputs from both sides of other pairs, (b,)."""
    return torch.stack([(mine - side).square().sum(dim=1) for side in sides]).sum(dim=0)
