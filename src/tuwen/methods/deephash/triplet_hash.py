"""Triplet hash: a dual encoder whose outputs become bits."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from tuwen.methods.base import Paper
from tuwen.methods.layers import hardest_triplet, semi_hard_triplet
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkHasher


@dataclass(kw_only=True, eq=False)
class TripletHash(NetworkHasher):
    """Ranks pairs above wrong partners with outputs that are pulled towards -1 and 1.

    Lowers a triplet ranking loss of the products of tanh outputs over their number, plus quantisation *
    mean (|u| - 1)². At first the wrong partner is the semi-hard one, the hardest that is still below the own
    one, later the hardest of the batch.
    Re-derived: the design of a retrieval system with ResNet18, BERT and a dense layer (paper 004 of this
    project's sources) names a modified triplet loss, but only the half before it is public. The partners are
    those of FaceNet, the paper given, and of VSE++.

    Args:
        bits: Of a code.
        margin: How far a pair must lie above its wrong partner.
        quantisation: Weight of the pull; 0.1 holds signs where chance put them, before anything is ranked.
        gentle: Share of the training with semi-hard partners.
    """

    paper = Paper(
        "FaceNet: A Unified Embedding for Face Recognition and Clustering",
        "Schroff, Kalenichenko, Philbin",
        "CVPR",
        2015,
        "https://arxiv.org/abs/1503.03832",
    )

    margin: float = 0.2
    quantisation: float = 0.01
    gentle: float = 0.3

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        u, v = u.tanh(), v.tanh()
        pulled = (u.abs() - 1).square().mean() + (v.abs() - 1).square().mean()
        triplet = semi_hard_triplet if batch.progress < self.gentle else hardest_triplet
        return triplet(u @ v.T / self.bits, self.margin) + self.quantisation * pulled
