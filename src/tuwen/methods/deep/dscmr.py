"""DSCMR: deep supervised cross-modal retrieval."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.arrays import Modality
from tuwen.methods.base import Paper
from tuwen.methods.layers import cosines, mlp, shared_labels
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkSpace


@dataclass(kw_only=True, eq=False)
class DSCMR(NetworkSpace):
    """Tells labels from a space whose last layer both modalities share, and keeps pairs together.

    Lowers mean ||P u - y|| + ||P v - y|| + likeness * [log(1 + e^θ) - S θ over (u, v), (u, u) and (v, v),
    with θ = cos / 2 and S = 1 where labels are shared] + pairing * mean ||u - v||.
    Differs from the paper: norms are not squared, as in the released code. Unlike that code, pairs are
    shuffled and the epoch is chosen on validation pairs, not on the test set.

    Args:
        dim: Width of the common space.
        hidden: Width of the layer of each modality.
        likeness: Weight of likeness between and within modalities.
        pairing: Weight of the distance within pairs.
    """

    paper = Paper(
        "Deep Supervised Cross-Modal Retrieval",
        "Zhen, Hu, Wang, Peng",
        "CVPR",
        2019,
        "https://doi.org/10.1109/CVPR.2019.01064",
    )
    needs_labels = True

    epochs: int = 200
    batch_size: int = 100
    learning_rate: float = 1e-4
    dim: int = 1024
    hidden: int = 2048
    likeness: float = 1e-3
    pairing: float = 0.1

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        return nn.ModuleDict(
            {
                "image": mlp(d_image, self.hidden, last=True),
                "text": mlp(d_text, self.hidden, last=True),
                "common": nn.Linear(self.hidden, self.dim),
                "classifier": nn.Linear(self.dim, n_classes),
            }
        )

    def _code(self, batch: Tensor, modality: Modality) -> Tensor:
        code: Tensor = self.net_["common"](self.net_[modality](batch))
        return code

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        told = [(self.net_["classifier"](code) - batch.labels).norm(dim=1).mean() for code in (u, v)]
        alike = shared_labels(batch.labels)
        kept = torch.stack([_unlikely(one, other, alike) for one, other in ((u, v), (u, u), (v, v))])
        apart = (u - v).norm(dim=1).mean()
        return told[0] + told[1] + self.likeness * kept.sum() + self.pairing * apart


def _unlikely(u: Tensor, v: Tensor, alike: Tensor) -> Tensor:
    """Negative log likelihood of which rows share labels, from half their cosines."""
    half = cosines(u, v) / 2
    return (functional.softplus(half) - alike * half).mean()
