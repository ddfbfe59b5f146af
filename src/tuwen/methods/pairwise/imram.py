"""IMRAM: attention over and over again, each time with what the time before has learned."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tuwen.arrays import Modality
from tuwen.methods.base import Paper
from tuwen.methods.sets import SetScorer, Words, mean_over, present, unit, weigh


@dataclass(kw_only=True, eq=False)
class IMRAM(SetScorer):
    """Lets words look at regions and regions at words in several rounds, each from what the last one found.

    In a round part q sees c, the mean of the other side's parts by SCAN's attention, and scores cos(q, c);
    then q <- g * q + (1 - g) * o, with the gate g = sigmoid(W [q, c]) and o = tanh(V [q, c]). A pair scores
    the sum over rounds and both directions of the means over parts; hinge on the hardest wrong partners.
    There is no vector to index: score the first hits of a common space with it.
    Differs from the paper: words are given as vectors, the width is 128 in place of 1,024, gradients are
    not clipped.

    Args:
        dim: Width of parts.
        steps: Rounds.
        sharpness: Factor of cosines before the softmax of attention.
    """

    paper = Paper(
        "IMRAM: Iterative Matching with Recurrent Attention Memory for Cross-Modal Image-Text Retrieval",
        "Chen, Ding, Liu, Lin, Liu, Han",
        "CVPR",
        2020,
        "https://arxiv.org/abs/2003.03772",
    )

    epochs: int = 30
    learning_rate: float = 2e-4
    dim: int = 128
    steps: int = 3
    sharpness: float = 9.0

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        nets: dict[str, nn.Module] = {"image": nn.Linear(d_image, self.dim), "text": Words(d_text, self.dim)}
        for name in ("image", "text"):  # who asks
            nets |= {f"{what}_{name}": nn.Linear(2 * self.dim, self.dim) for what in ("gate", "new")}
        return nn.ModuleDict(nets)

    def _code(self, batch: Tensor, modality: Modality) -> Tensor:
        coded: Tensor = unit(self.net_[modality](batch))
        return coded * present(batch)[..., None] if modality == "image" else coded

    def _cells(self, regions: int, words: int) -> int:
        return 4 * regions * words + 6 * (regions + words) * self.dim

    def _score(self, x: Tensor, y: Tensor) -> Tensor:
        return self._rounds(y, x, "text") + self._rounds(x, y, "image").T

    def _rounds(self, queries: Tensor, contexts: Tensor, asker: Modality) -> Tensor:
        """Scores (n, m) of contexts (n, r, dim) by queries (m, w, dim)."""
        there = present(queries)
        # from the second round on a query is another one for every context
        asked = queries.expand(len(contexts), *queries.shape)
        score = torch.zeros((), device=queries.device)
        for step in range(self.steps):
            seen = self._seen(asked, contexts)
            score = score + mean_over((unit(seen) * unit(asked)).sum(dim=-1), there)
            if step + 1 < self.steps:
                both = torch.cat([asked, seen], dim=-1)
                gate = self.net_[f"gate_{asker}"](both).sigmoid()
                asked = gate * asked + (1 - gate) * self.net_[f"new_{asker}"](both).tanh()
                asked = unit(asked) * there[..., None]
        return score

    def _seen(self, queries: Tensor, contexts: Tensor) -> Tensor:
        """What queries (n, m, w, dim), others for each context, see of contexts (n, r, dim)."""
        agreement = (queries.flatten(1, 2) @ contexts.transpose(1, 2)).view(*queries.shape[:3], -1)
        attention = weigh(agreement, present(contexts), self.sharpness)
        return (attention.flatten(1, 2) @ contexts).view_as(queries)
