"""DCMH: deep cross-modal hashing."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tuwen.methods.base import Paper
from tuwen.methods.hash_losses import RememberingHasher, likelihood
from tuwen.methods.network import Batch


@dataclass(kw_only=True, eq=False)
class DCMH(RememberingHasher):
    """Makes products of outputs likely where labels are shared, and both outputs of a pair near one code.

    Lowers sum over pairs i, j of log(1 + e^θ) - S θ with θ = u·v / 2 and S = 1 where labels are shared, plus
    quantisation * (||b - u||² + ||b - v||²) with b = sign(u + v), plus balance * (||Σ u||² + ||Σ v||²):
    a batch against the newest outputs of all training pairs.
    Differs from the paper: on given features, where the paper fine-tunes CNN-F from pixels (figures do not
    compare); both networks step together, with Adam; the likelihood is a mean over pairs, the distance one
    over outputs divided by the bits, the balance a sum divided by pairs and bits.

    Args:
        bits: Of a code.
        quantisation: Weight of the distance from the codes.
        balance: Weight that makes each bit as often -1 as 1.
    """

    paper = Paper("Deep Cross-Modal Hashing", "Jiang, Li", "CVPR", 2017, "https://arxiv.org/abs/1602.02255")
    needs_labels = True

    quantisation: float = 1.0
    balance: float = 1.0

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        outputs, alike = self._remember(u, v, batch), self._alike(batch)
        code = outputs[:, batch.rows].sum(dim=0).sign()
        rows, count = len(u), len(self._labels)
        loss = torch.zeros((), device=u.device)
        for place, mine in enumerate((u, v)):
            other, own = outputs[1 - place], outputs[place]
            likely = likelihood(mine @ other.T, alike)
            apart = (code - mine).square().sum() / (rows * self.bits)
            total = mine.sum(dim=0) + own.sum(dim=0) - own[batch.rows].sum(dim=0)
            loss = loss + likely + self.quantisation * apart / self.bits
            loss = loss + self.balance * total.square().sum() / (rows * count * self.bits)
        return loss
