"""DCCAE: deep canonically correlated autoencoders."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from tuwen.methods.base import Paper
from tuwen.methods.correlated import CorrelatedSpace
from tuwen.methods.layers import correlations, mlp
from tuwen.methods.network import Batch


@dataclass(kw_only=True, eq=False)
class DCCAE(CorrelatedSpace):
    """Correlates the outputs of two networks from which the features can still be told.

    Lowers reconstruction * (mean ||x - p(u)||² + mean ||y - q(v)||²) - sum of the canonical correlations of u
    and v.
    Differs from the paper: no pre-training by restricted Boltzmann machines; Adam.

    Args:
        dim: Width of the common space.
        ridge: Added to the covariances of a batch.
        reconstruction: Weight of the decoders.
    """

    paper = Paper(
        "On Deep Multi-View Representation Learning",
        "Wang, Arora, Livescu, Bilmes",
        "ICML",
        2015,
        "https://proceedings.mlr.press/v37/wangb15.html",
    )

    batch_size: int = 1024
    dim: int = 10
    reconstruction: float = 0.01

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        widths = {"image": d_image, "text": d_text}
        towers = {name: mlp(width, self.hidden, self.dim) for name, width in widths.items()}
        decoders = {f"{name}_again": mlp(self.dim, self.hidden, width) for name, width in widths.items()}
        return nn.ModuleDict(towers | decoders)

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        x, y = self.net_["image_again"](u), self.net_["text_again"](v)
        lost = (batch.x - x).square().sum(dim=1).mean() + (batch.y - y).square().sum(dim=1).mean()
        return self.reconstruction * lost - correlations(u.float(), v.float(), self.ridge).sum()
