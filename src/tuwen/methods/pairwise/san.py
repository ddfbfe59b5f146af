"""SAN: what stands out in an image tells which words to listen to."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.arrays import Modality
from tuwen.methods.base import Paper
from tuwen.methods.sets import SetScorer, Words, mean_over, present, unit


@dataclass(kw_only=True, eq=False)
class SAN(SetScorer):
    """Weighs regions by what stands out, and the words of a text by what was seen there.

    With x the regions in the common width and m their mean, an image is v = unit(W z + m), z the mean of
    regions weighed by s * a: s is what stands out, the softmax over regions of p'tanh(S x_r); a is how a
    region goes with the whole, the softmax of q'(tanh(A x_r) * tanh(B m)). For each image a text is another:
    from the mean n of its words y and a gate g = sigmoid(G [v, n]) comes the guide g * v + (1 - g) * n, words
    are weighed by the softmax of r'(tanh(C y_w) * tanh(D guide)), and the text is t = unit(their sum + n).
    A pair scores cos(v, t); hinge on the hardest wrong partners.
    There is no vector of a text to index: score the first hits of a common space with it.
    Re-derived: no code of the authors is public. What stands out is learned from the regions themselves; the
    paper trains a detector of salient pixels for it. Words are given as vectors, the width is 256 in place of
    1,024.

    Args:
        dim: Width of parts.
    """

    paper = Paper(
        "Saliency-Guided Attention Network for Image-Sentence Matching",
        "Ji, Wang, Han, Pang",
        "ICCV",
        2019,
        "https://arxiv.org/abs/1904.09471",
    )

    epochs: int = 30
    learning_rate: float = 2e-4
    dim: int = 256

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        nets: dict[str, nn.Module] = {"image": nn.Linear(d_image, self.dim), "text": Words(d_text, self.dim)}
        inner = ("stands", "region", "whole", "salient", "word", "guide", "gate_image", "gate_text")
        nets |= {name: nn.Linear(self.dim, self.dim) for name in inner}
        weights = ("stands_weight", "region_weight", "word_weight")
        return nn.ModuleDict(nets | {name: nn.Linear(self.dim, 1, bias=False) for name in weights})

    def _code(self, batch: Tensor, modality: Modality) -> Tensor:
        there = present(batch)
        if modality == "text":
            words: Tensor = unit(self.net_["text"](batch))
            return words
        regions = unit(self.net_["image"](batch)) * there[..., None]
        return self._seen(regions, there)[:, None]

    def _seen(self, regions: Tensor, there: Tensor) -> Tensor:
        """Images as vectors, (b, dim), of regions (b, r, dim)."""
        net = self.net_
        whole = mean_over(regions.transpose(1, 2), there[:, None])
        stands = self._weights(net["stands_weight"](net["stands"](regions).tanh()), there)
        goes = net["region"](regions).tanh() * net["whole"](whole).tanh()[:, None]
        weights = stands * self._weights(net["region_weight"](goes), there)
        salient = (weights[..., None] * regions).sum(dim=1) / weights.sum(dim=1, keepdim=True).clamp(min=1e-8)
        return unit(net["salient"](salient) + whole) * there.any(dim=1, keepdim=True)

    def _weights(self, heights: Tensor, there: Tensor) -> Tensor:
        return functional.softmax(heights.squeeze(-1).masked_fill(~there, -1e4), dim=1)

    def _cells(self, regions: int, words: int) -> int:
        return 2 * words + 6 * self.dim

    def _score(self, x: Tensor, y: Tensor) -> Tensor:
        net, seen, there = self.net_, x[:, 0], present(y)
        mean = mean_over(y.transpose(1, 2), there[:, None])
        gate = (net["gate_image"](seen)[:, None] + net["gate_text"](mean)).sigmoid()
        guide = net["guide"](gate * seen[:, None] + (1 - gate) * mean).tanh()
        words = net["word"](y).tanh() * net["word_weight"].weight[0]
        heights = torch.einsum("nmd,mwd->nmw", guide, words).masked_fill(~there, -1e4)
        heard = torch.einsum("nmw,mwd->nmd", functional.softmax(heights, dim=-1), y) + mean
        return (unit(heard) @ seen[..., None]).squeeze(-1)
