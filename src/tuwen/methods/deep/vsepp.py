"""VSE++: a joint embedding trained on hard negatives."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from tuwen.methods.base import Paper
from tuwen.methods.layers import cosines, every_triplet, hardest_triplet
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkSpace


@dataclass(kw_only=True, eq=False)
class VSEPP(NetworkSpace):
    """Pushes each pair above the hardest wrong partner in its batch.

    Lowers the mean over pairs (i, t) of max_t' [margin - s(i, t) + s(i, t')]+ and of
    max_i' [margin - s(i, t) + s(i', t)]+, with s the cosine. The first share of the training sums over
    all wrong partners instead: from random weights the hardest one alone pulls everything into one point.

    Args:
        margin: How far a pair must lie above its hardest wrong partner.
        gentle: Share of the training that all wrong partners count.
    """

    paper = Paper(
        "VSE++: Improving Visual-Semantic Embeddings with Hard Negatives",
        "Faghri, Fleet, Kiros, Fidler",
        "BMVC",
        2018,
        "https://arxiv.org/abs/1707.05612",
    )

    dim: int = 256
    margin: float = 0.2
    gentle: float = 0.1

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        triplet = every_triplet if batch.progress < self.gentle else hardest_triplet
        return triplet(cosines(u, v), self.margin)
