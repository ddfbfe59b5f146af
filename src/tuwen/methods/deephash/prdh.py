"""PRDH: pairwise relationship guided deep hashing."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from tuwen.methods.base import Paper
from tuwen.methods.hash_losses import RememberingHasher, likelihood
from tuwen.methods.network import Batch


@dataclass(kw_only=True, eq=False)
class PRDH(RememberingHasher):
    """Tells shared labels by products of outputs between and within modalities, with bits that differ.

    Lowers, for images and for texts, the mean of log(1 + e^θ) - S θ with θ = u·v / 2 over a batch and the
    newest outputs of all pairs of the other modality, plus within times the same of its own, plus
    quantisation * mean (b - u)² with b = sign(u + v), plus different * the mean squared correlation of
    two bits.
    Differs from the paper: on given features, where the paper fine-tunes CNN-F from pixels (figures do not
    compare); both networks step together, with Adam; terms are means. Public code leaves the correlations
    out for images; here both modalities have them.

    Args:
        bits: Of a code.
        within: Weight of the modalities on their own.
        quantisation: Weight of the distance from the codes.
        different: Weight of the correlations between bits.
    """

    paper = Paper(
        "Pairwise Relationship Guided Deep Hashing for Cross-Modal Retrieval",
        "Yang, Deng, Liu, Liu, Tao, Gao",
        "AAAI",
        2017,
        "https://doi.org/10.1609/aaai.v31i1.10719",
    )
    needs_labels = True

    within: float = 1.0
    quantisation: float = 1.0
    different: float = 1.0

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        outputs, alike = self._remember(u, v, batch), self._alike(batch)
        code = outputs[:, batch.rows].sum(dim=0).sign()
        loss = torch.zeros((), device=u.device)
        for place, mine in enumerate((u, v)):
            own, other = outputs[place], outputs[1 - place]
            loss = loss + likelihood(mine @ other.T, alike)
            loss = loss + self.within * likelihood(mine @ own.T, alike)
            loss = loss + self.quantisation * (code - mine).square().mean()
            loss = loss + self.different * _correlated(mine)
        return loss


def _correlated(outputs: Tensor) -> Tensor:
    """Mean squared correlation of two different bits over a batch."""
    columns = functional.normalize(outputs - outputs.mean(dim=0), dim=0)
    between = (columns.T @ columns).square()
    bits = len(between)
    return (between.sum() - between.diagonal().sum()) / (bits * (bits - 1))
