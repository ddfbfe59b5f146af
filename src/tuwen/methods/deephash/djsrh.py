"""DJSRH: deep joint-semantics reconstructing hashing."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from tuwen.methods.base import Paper
from tuwen.methods.layers import cosines
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkHasher


@dataclass(kw_only=True, eq=False)
class DJSRH(NetworkHasher):
    """Rebuilds, from the outputs of a batch, how alike its pairs are in both modalities at once; no labels.

    With C = weight * (2 cos(x, x) - 1) + (1 - weight) * (2 cos(y, y) - 1) and
    S = scale * [(1 - diffusion) C + diffusion * C C^T / b], lowers mean (cos(u, v) - S)² plus within times
    the same of (u, u) and of (v, v), where u, v are tanh(a h) and a rises as the root of the epoch.
    Differs from the paper: on given features, whose cosines are those after scaling (`standardise`), so that
    they fall below zero too; its released figures are mAP@50 over found, which compares with
    nothing here unless asked for by that name.

    Args:
        bits: Of a code.
        weight: Share of the images in the joint likeness.
        diffusion: Share of the likeness of neighbourhoods.
        scale: Of the likeness that is rebuilt.
        within: Weight of the two modalities on their own.
    """

    paper = Paper(
        "Deep Joint-Semantics Reconstructing Hashing for Large-Scale Unsupervised Cross-Modal Retrieval",
        "Su, Zhong, Zhang",
        "ICCV",
        2019,
        "https://doi.org/10.1109/ICCV.2019.00312",
    )

    epochs: int = 200
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight: float = 0.3
    diffusion: float = 0.4
    scale: float = 1.5
    within: float = 0.3

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        sharpness = (batch.progress * self.epochs + 1) ** 0.5
        u, v = (sharpness * u).tanh(), (sharpness * v).tanh()
        images, texts = (2 * cosines(part, part) - 1 for part in (batch.x, batch.y))
        joint = self.weight * images + (1 - self.weight) * texts
        alike = self.scale * ((1 - self.diffusion) * joint + self.diffusion * joint @ joint.T / len(u))
        between = (cosines(u, v) - alike).square().mean()
        alone = (cosines(u, u) - alike).square().mean() + (cosines(v, v) - alike).square().mean()
        return between + self.within * alone
