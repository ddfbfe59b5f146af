"""Matching head: a network that judges an image and a text together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.layers import contrast, mlp
from tuwen.methods.network import Batch, Network, Pairs

_CELLS = 1 << 24  # numbers of a block of pairs: 64 MB
_JUDGED = 500  # validation pairs: each is judged with each


@dataclass(kw_only=True, eq=False)
class MatchingHead(Network):
    """Says whether an image and a text belong together, having learned from wrong partners that look right.

    Two networks give unit vectors u and v; a third gives the logit h(u, v) of the products u·v and the
    distances |u - v| of their columns. Lowers InfoNCE of the cosines plus the binary cross entropy of h on
    every pair, on its image with a wrong text and on its text with a wrong image; the wrong ones are drawn
    from the batch by the softmax of the cosines, so that near ones come often. The score is
    h(u, v) + cosine / temperature: both of the values that were learned.
    Re-derived: the loss of ALBEF's image-text matching, on given features in place of its cross-attention.

    Args:
        dim: Columns of u and v.
        hidden: Units of the two networks.
        head: Units of the third.
        temperature: Divides cosines in InfoNCE, in the draw and in the score.
        dropout: Of inputs and hidden units while learning.
    """

    paper = Paper(
        "Align before Fuse: Vision and Language Representation Learning with Momentum Distillation",
        "Li, Selvaraju, Gotmare, Joty, Xiong, Hoi",
        "NeurIPS",
        2021,
        "https://arxiv.org/abs/2107.07651",
    )

    dim: int = 256
    hidden: int = 1024
    head: int = 128
    temperature: float = 0.07
    dropout: float = 0.2

    def __post_init__(self) -> None:
        if min(self.dim, self.hidden, self.head) < 1:
            raise InputError("dim, hidden and head must each be at least 1")
        if not self.temperature > 0:
            raise InputError(f"temperature is {self.temperature}; it must be above 0")
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout is {self.dropout}; it is a share from 0 up to 1")

    def similarity(self, images: Array, texts: Array) -> Array:
        """Logits plus scaled cosines, (n_images, n_texts)."""
        images, texts = self._check(images, "image"), self._check(texts, "text")
        scores = np.empty((len(images), len(texts)), dtype=np.float32)
        if not scores.size:
            return scores
        with torch.inference_mode():
            v = torch.cat([self._unit(batch, "text") for batch in self._batches(texts, "text")])
            step = max(1, _CELLS // (len(v) * (2 * self.dim + self.head)))
            start = 0
            for batch in self._batches(images, "image", step):
                u = self._unit(batch, "image")
                cosines = u @ v.T / self.temperature
                judged = self._judge(u[:, None, :], v[None, :, :]) + cosines
                scores[start : start + len(u)] = judged.float().cpu().numpy()
                start += len(u)
        return scores

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        def tower(width: int) -> nn.Module:
            inner = mlp(width, self.hidden, self.dim, dropout=self.dropout)
            return nn.Sequential(nn.Dropout(self.dropout), inner)

        return nn.ModuleDict(
            {
                "image": tower(d_image),
                "text": tower(d_text),
                "head": mlp(2 * self.dim, self.head, 1, dropout=self.dropout),
            }
        )

    def _step(self, batch: Batch) -> Tensor:
        u, v = self._unit(batch.x, "image"), self._unit(batch.y, "text")
        with torch.no_grad():
            near = u @ v.T / self.temperature
            # rows of one image are no wrong partners of each other
            same = [torch.unique(side, dim=0, return_inverse=True)[1] for side in (batch.x, batch.y)]
            own = (same[0][:, None] == same[0]) | (same[1][:, None] == same[1])
            alone = own.all(dim=1)
            near = near.masked_fill(own & ~alone[:, None], -torch.inf)
            text, image = near.softmax(dim=1).multinomial(1)[:, 0], near.T.softmax(dim=1).multinomial(1)[:, 0]
        logits = torch.cat([self._judge(u, v), self._judge(u, v[text]), self._judge(u[image], v)])
        truth = torch.zeros_like(logits)
        truth[: len(u)] = 1
        matching = functional.binary_cross_entropy_with_logits(logits, truth)
        return contrast(u, v, self.temperature) + matching

    def _unit(self, batch: Tensor, side: str) -> Tensor:
        return functional.normalize(self.net_[side](batch))

    def _judge(self, u: Tensor, v: Tensor) -> Tensor:
        """Logits of pairs of unit rows, scaled so that a column has variance one or so."""
        both = torch.cat([u * v * self.dim, (u - v).abs() * self.dim**0.5], dim=-1)
        logits: Tensor = self.net_["head"](both)[..., 0]
        return logits

    def _validate(self, pairs: Pairs | None) -> float:
        if pairs is not None:
            pairs = pairs[0][:_JUDGED], pairs[1][:_JUDGED], None
        return super()._validate(pairs)
