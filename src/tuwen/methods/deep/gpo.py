"""VSE-infinity: parts are pooled by learned weights of their ranks (GPO), into one common space."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.arrays import Modality
from tuwen.methods.base import Paper
from tuwen.methods.layers import mlp
from tuwen.methods.network import Batch
from tuwen.methods.sets import SetSpace, Words, packed_first, present

_POSITIONS = 32  # width of the code of a rank, and of the network that weighs it


class Pooling(nn.Module):
    """Sorts each column of a set and weighs the values by their rank; weights depend on the set's size."""

    def __init__(self) -> None:
        super().__init__()
        self.ranks = nn.GRU(_POSITIONS, _POSITIONS, batch_first=True, bidirectional=True)
        self.weigh = nn.Linear(_POSITIONS, 1, bias=False)

    def weights(self, lengths: Tensor) -> Tensor:
        """Weights of ranks, (b, longest): a row sums to 1 over its first `lengths`."""
        sizes, place = torch.unique(lengths.clamp(min=1), return_inverse=True)
        longest = int(sizes[-1])
        codes = positions(longest, lengths.device).expand(len(sizes), -1, -1)
        rows = nn.utils.rnn.pack_padded_sequence(codes, sizes.cpu(), batch_first=True, enforce_sorted=False)
        states, _ = nn.utils.rnn.pad_packed_sequence(
            self.ranks(rows)[0], batch_first=True, total_length=longest
        )
        forth, back = states.chunk(2, dim=-1)
        heights = self.weigh((forth + back) / 2).squeeze(-1)
        beyond = torch.arange(longest, device=lengths.device) >= sizes[:, None]
        weighed: Tensor = functional.softmax(heights.masked_fill(beyond, -1e4) / 0.1, dim=1)[place]
        return weighed

    def forward(self, batch: Tensor, there: Tensor) -> Tensor:
        """(b, parts, dim) and which parts there are, (b, parts), to (b, dim)."""
        hidden = batch.masked_fill(~there[..., None], -torch.inf)
        weights = self.weights(there.sum(dim=1))
        ranked = hidden.sort(dim=1, descending=True).values[:, : weights.shape[1]]
        ranked = ranked.masked_fill(ranked == -torch.inf, 0)
        return (ranked * weights[..., None]).sum(dim=1)


def positions(count: int, device: torch.device) -> Tensor:
    """Sines and cosines of ranks, (count, 32)."""
    rates = torch.exp(torch.arange(0, _POSITIONS, 2, device=device) * (-math.log(10000) / _POSITIONS))
    angles = torch.arange(count, device=device)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)


@dataclass(kw_only=True, eq=False)
class GPO(SetSpace):
    """Pools regions and words by learned weights of their ranks, and pulls pairs together in one space.

    In every column a vector is the sum of theta_k * (the k-th largest value of the set), between the mean
    (theta even) and the maximum (theta_1 = 1); the hinge of VSE++ on cosines. The vectors can be indexed.
    Differs from the paper: words are given as vectors, the width is 256 in place of 1,024, the step size
    stays the same.

    Args:
        dim: Width of the common space.
        dropped: Share of the parts of both sides that each step leaves out.
    """

    paper = Paper(
        "Learning the Best Pooling Strategy for Visual Semantic Embedding",
        "Chen, Hu, Wu, Jiang, Wang",
        "CVPR",
        2021,
        "https://arxiv.org/abs/2011.04305",
    )

    epochs: int = 25
    learning_rate: float = 5e-4
    weight_decay: float = 1e-4
    dim: int = 256
    dropped: float = 0.2
    gentle: float = 0.04  # one epoch of 25

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        parts = {
            "image": nn.Linear(d_image, self.dim),
            "deeper": mlp(d_image, self.dim // 2 + 1, self.dim),
            "text": Words(d_text, self.dim),
        }
        return nn.ModuleDict(parts | {f"pool_{name}": Pooling() for name in ("image", "text")})

    def _step(self, batch: Batch) -> Tensor:
        return super()._step(batch._replace(x=self._thinned(batch.x), y=self._thinned(batch.y)))

    def _thinned(self, batch: Tensor) -> Tensor:
        kept = torch.rand(batch.shape[:2], device=batch.device) >= self.dropped
        kept[:, 0] = True  # a set never loses all
        return batch * kept[..., None]

    def _code(self, batch: Tensor, modality: Modality) -> Tensor:
        batch = packed_first(batch)
        there = present(batch)
        if modality == "image":
            parts = self.net_["image"](batch) + self.net_["deeper"](batch)
        else:
            parts = self.net_["text"](batch)
        pooled: Tensor = self.net_[f"pool_{modality}"](parts, there)
        return pooled * there.any(dim=1, keepdim=True)
