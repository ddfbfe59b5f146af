"""SCAN: words look at regions, or regions at words, and pairs are scored by what they see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from tuwen.arrays import Modality
from tuwen.errors import unknown
from tuwen.methods.base import Paper
from tuwen.methods.sets import SetScorer, Words, attend, mean_over, present, unit

Direction = Literal["t2i", "i2t"]
Aggregate = Literal["AVG", "LSE"]


@dataclass(kw_only=True, eq=False)
class SCAN(SetScorer):
    """Lets each word attend to the regions of an image, or each region to the words, and joins the cosines.

    With a_w the mean of regions that word w attends to, a pair scores the mean of cos(w, a_w) over words
    (AVG), or log(sum of exp(lse * cos)) / lse (LSE); hinge on the hardest wrong partners of a batch.
    There is no vector to index: score the first hits of a common space with it.
    Differs from the paper: words are given as vectors, the width is 256 in place of 1,024, gradients are
    not clipped, the step size stays the same. The paper's best figures are the mean of both directions.

    Args:
        dim: Width of parts.
        direction: Words attend to regions (`t2i`), or regions to words (`i2t`).
        aggregate: `AVG` or `LSE`.
        sharpness: Factor of cosines before the softmax: 9 for `t2i`, 4 for `i2t` in the paper.
        lse: Factor of cosines in `LSE`.
    """

    paper = Paper(
        "Stacked Cross Attention for Image-Text Matching",
        "Lee, Chen, Hua, Hu, He",
        "ECCV",
        2018,
        "https://arxiv.org/abs/1803.08024",
    )

    epochs: int = 30
    learning_rate: float = 2e-4
    dim: int = 256
    direction: Direction = "t2i"
    aggregate: Aggregate = "AVG"
    sharpness: float = 9.0
    lse: float = 6.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.direction not in get_args(Direction):
            raise unknown("direction", self.direction, get_args(Direction))
        if self.aggregate not in get_args(Aggregate):
            raise unknown("aggregate", self.aggregate, get_args(Aggregate))

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        return nn.ModuleDict({"image": nn.Linear(d_image, self.dim), "text": Words(d_text, self.dim)})

    def _code(self, batch: Tensor, modality: Modality) -> Tensor:
        coded: Tensor = unit(self.net_[modality](batch))
        return coded * present(batch)[..., None] if modality == "image" else coded

    def _score(self, x: Tensor, y: Tensor) -> Tensor:
        if self.direction == "t2i":
            return self._joined(*relevances(y, x, self.sharpness))
        return self._joined(*relevances(x, y, self.sharpness)).T

    def _joined(self, values: Tensor, there: Tensor) -> Tensor:
        if self.aggregate == "AVG":
            return mean_over(values, there)
        scaled = (self.lse * values).masked_fill(~there, -1e4)
        return torch.logsumexp(scaled, dim=-1) / self.lse


def relevances(queries: Tensor, contexts: Tensor, sharpness: float) -> tuple[Tensor, Tensor]:
    """Cosine of each part of a query with the mean of what it attends to.

    The mean itself is never built: its product with the part is the attended cosine, and its length comes
    from the products of the parts of the context among themselves, so no array has the width of parts.

    Args:
        queries: (m, w, d) unit rows or zeros.
        contexts: (n, r, d), the same.
        sharpness: Factor before the softmax.

    Returns:
        Cosines (n, m, w), and which parts of queries there are, (m, w).
    """
    attention, agreement = attend(queries, contexts, sharpness)
    among = contexts @ contexts.transpose(1, 2)
    seen = attention.flatten(1, 2)
    lengths = ((seen @ among) * seen).sum(dim=-1).clamp(min=1e-8).sqrt().view(attention.shape[:3])
    return (attention * agreement).sum(dim=-1) / lengths, present(queries)
