"""Image-text matching by cross-attention of the words of a text to the patches of an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.arrays import Array, Modality
from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.layers import contrast, mlp
from tuwen.methods.network import Batch, Network

_CELLS = 1 << 23  # states of a block of pairs: 32 MB a tensor of them
_HEAD = 64  # columns of an attention head


class _Fusion(nn.Module):
    """Sets of states to vectors, and a set of each side to the logit of their belonging together."""

    def __init__(self, d_image: int, d_text: int, dim: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.enter = nn.ModuleDict(
            {
                name: nn.Sequential(nn.LayerNorm(width), nn.Linear(width, dim))
                for name, width in (("image", d_image), ("text", d_text))
            }
        )
        heads = max(1, dim // _HEAD)
        self.layers = nn.ModuleList(
            nn.TransformerDecoderLayer(dim, heads, hidden, dropout=0.1, batch_first=True, norm_first=True)
            for _ in range(layers)
        )
        self.first = nn.Parameter(torch.randn(dim) / dim**0.5)
        self.norm, self.last = nn.LayerNorm(dim), mlp(3 * dim, dim, 1)

    def vectors(self, states: Tensor, side: str) -> Tensor:
        """Unit means (n, dim) of sets (n, parts, d)."""
        return _mean(self.enter[side](states), states)

    def forward(self, images: Tensor, texts: Tensor) -> Tensor:
        """Logits (n,) of images (n, p, d_image) and texts (n, t, d_text), row by row."""
        places, words = self.enter["image"](images), self.enter["text"](texts)
        u, v = _mean(places, images), _mean(words, texts)
        words = torch.cat([self.first.expand(len(words), 1, -1), words], dim=1)
        filled = ~texts.any(dim=-1)
        filled = torch.cat([filled.new_zeros(len(filled), 1), filled], dim=1)
        empty = ~images.any(dim=-1)
        empty = empty & ~empty.all(dim=1, keepdim=True)  # attention needs something to look at
        for layer in self.layers:
            words = layer(words, places, tgt_key_padding_mask=filled, memory_key_padding_mask=empty)
        # columns of unit rows are scaled to a variance of one or so
        dim = u.shape[1]
        seen = [self.norm(words[:, 0]), u * v * dim, (u - v).abs() * dim**0.5]
        logits: Tensor = self.last(torch.cat(seen, dim=-1))[:, 0]
        return logits


def _mean(inner: Tensor, states: Tensor) -> Tensor:
    """Unit means of what was made of states; zero rows of those are padding."""
    return functional.normalize((inner * states.any(dim=-1, keepdim=True)).sum(dim=1), dim=-1)


@dataclass(kw_only=True, eq=False)
class ITM(Network):
    """Judges an image and a text together: their words look at the patches, having learned from near misses.

    A few transformer layers, over a text's token states and by cross-attention an image's patch states,
    and the products and distances of the means give the logit that the two belong together. Lowers the
    binary cross entropy on every pair, on its image with a wrong text and on its text with a wrong image,
    plus InfoNCE of the cosines of mean states; the wrong ones are drawn from the batch by the softmax of
    similarities, so that near ones come often.
    Differs from the paper: the encoders below are frozen, and the similarities are those of the dual
    encoder where `tuwen train --itm` learns it, of the mean states elsewhere.

    Args:
        dim: Columns of the states inside.
        hidden: Units of the feed-forward layers.
        layers: How many there are.
        temperature: Divides cosines in InfoNCE and in the draw.
    """

    paper = Paper(
        "Align before Fuse: Vision and Language Representation Learning with Momentum Distillation",
        "Li, Selvaraju, Gotmare, Joty, Xiong, Hoi",
        "NeurIPS",
        2021,
        "https://arxiv.org/abs/2107.07651",
    )
    takes_sets = True

    dim: int = 256
    hidden: int = 1024
    layers: int = 2
    temperature: float = 0.07
    learning_rate: float = 3e-4
    standardise: bool = False
    epochs: int = 30

    def __post_init__(self) -> None:
        if self.layers < 1 or self.dim < 1 or self.hidden < 1:
            raise InputError("dim, hidden and layers must each be at least 1")
        if not self.temperature > 0:
            raise InputError(f"temperature is {self.temperature}; it must be above 0")

    def similarity(self, images: Array, texts: Array) -> Array:
        """Logits of every image with every text, (n_images, n_texts)."""
        images, texts = self._check(images, "image"), self._check(texts, "text")
        scores = np.empty((len(images), len(texts)), dtype=np.float32)
        with torch.inference_mode():
            x, y = self._whole(images, "image"), self._whole(texts, "text")
            cells = max(1, (images.shape[1] + texts.shape[1]) * max(self.dim, images.shape[2]))
            step = max(1, _CELLS // cells)
            for start in range(0, scores.size, step):
                places = torch.arange(start, min(start + step, scores.size), device=x.device)
                rows, columns = places // len(y), places % len(y)
                scores.reshape(-1)[start : start + step] = (
                    self.net_(x[rows], y[columns]).float().cpu().numpy()
                )
        return scores

    def lower(self, x: Tensor, y: Tensor, own: Tensor, near: Tensor | None = None) -> Tensor:
        """The value to lower.

        Args:
            x: (b, p, d_image) states of images.
            y: (b, t, d_text) of their texts.
            own: (b, b) which combinations belong together.
            near: (b, b) what the softmax of wrong partners is taken of: scaled similarities of whatever
                makes the first choice; those of the mean states when None.
        """
        u, v = self.net_.vectors(x, "image"), self.net_.vectors(y, "text")
        if near is None:
            near = u.detach() @ v.detach().T / self.temperature
        return contrast(u, v, self.temperature) + self._matching(x, y, near, own)

    def _matching(self, x: Tensor, y: Tensor, near: Tensor, own: Tensor) -> Tensor:
        """Binary cross entropy of pairs and of near misses."""
        wrong = near.float().masked_fill(own & ~own.all(dim=1, keepdim=True), -torch.inf)
        text = wrong.softmax(dim=1).multinomial(1)[:, 0]
        wrong = near.T.float().masked_fill(own.T & ~own.T.all(dim=1, keepdim=True), -torch.inf)
        image = wrong.softmax(dim=1).multinomial(1)[:, 0]
        logits = torch.cat([self.net_(x, y), self.net_(x, y[text]), self.net_(x[image], y)])
        truth = torch.zeros_like(logits)
        truth[: len(x)] = 1
        return functional.binary_cross_entropy_with_logits(logits, truth)

    def _whole(self, features: Array, modality: Modality) -> Tensor:
        """Features as the network takes them, all at once."""
        return torch.cat([*self._batches(features, modality)]) if len(features) else torch.empty(0)

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        return _Fusion(d_image, d_text, self.dim, self.hidden, self.layers)

    def _step(self, batch: Batch) -> Tensor:
        # rows of one image are no wrong partners of each other
        same = [torch.unique(side, dim=0, return_inverse=True)[1] for side in (batch.x, batch.y)]
        own = (same[0][:, None] == same[0]) | (same[1][:, None] == same[1])
        return self.lower(batch.x, batch.y, own)
