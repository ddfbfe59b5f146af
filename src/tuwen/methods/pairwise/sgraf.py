"""SGRAF: pairs are told by vectors of how a text and an image agree, reasoned over or filtered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.arrays import Modality
from tuwen.errors import unknown
from tuwen.methods.base import Paper
from tuwen.methods.sets import SetScorer, Words, attend, present, unit

Module = Literal["SGR", "SAF"]


class _Whole(nn.Module):
    """One vector of a set: its parts weighed by how they go with their mean."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.part, self.mean = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.weigh = nn.Linear(dim, 1)

    def forward(self, parts: Tensor) -> Tensor:
        there = present(parts)
        mean = parts.sum(dim=1) / there.sum(dim=1, keepdim=True).clamp(min=1)
        heights = self.weigh(self.part(parts).tanh() * self.mean(mean).tanh()[:, None]).squeeze(-1)
        weights = functional.softmax(heights.masked_fill(~there, -1e4), dim=1)
        return unit((weights[..., None] * parts).sum(dim=1))


@dataclass(kw_only=True, eq=False)
class SGRAF(SetScorer):
    """Joins vectors of agreement: of the whole text with the whole image, of each word with what it looks at.

    A vector is W |a - b|^2 of unit vectors a and b, element by element, scaled to length one. `SGR` lets
    them tell each other what they know over a graph, E <- ReLU(W softmax(E Q (E K)^T) E), and reads the
    whole's; `SAF` takes their mean, weighed by a sigmoid. A linear layer and a sigmoid make the score;
    hinge on the hardest wrong partners of a batch.
    There is no vector to index: score the first hits of a common space with it.
    Differs from the paper: words are given as vectors, the width is 256 in place of 1,024 and that of the
    vectors of agreement 64 in place of 256, there is no batch normalisation, dropout or clipping.
    The paper's best figures are the mean of both modules' scores.

    Args:
        dim: Width of parts.
        sim_dim: Width of the vectors of agreement.
        module: `SGR` or `SAF`.
        steps: Of reasoning, for `SGR`.
        sharpness: Factor of cosines before the softmax of attention.
    """

    paper = Paper(
        "Similarity Reasoning and Filtration for Image-Text Matching",
        "Diao, Zhang, Ma, Lu",
        "AAAI",
        2021,
        "https://arxiv.org/abs/2101.01368",
    )

    epochs: int = 40
    learning_rate: float = 2e-4
    dim: int = 256
    sim_dim: int = 64
    module: Module = "SGR"
    steps: int = 3
    sharpness: float = 9.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.module not in get_args(Module):
            raise unknown("module", self.module, get_args(Module))

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        nets: dict[str, nn.Module] = {"image": nn.Linear(d_image, self.dim), "text": Words(d_text, self.dim)}
        nets |= {f"whole_{name}": _Whole(self.dim) for name in ("image", "text")}
        nets |= {f"agree_{name}": nn.Linear(self.dim, self.sim_dim) for name in ("whole", "part")}
        if self.module == "SGR":
            for step in range(self.steps):
                nets |= {
                    f"{name}{step}": nn.Linear(self.sim_dim, self.sim_dim) for name in ("q", "k", "next")
                }
        else:
            nets["filter"] = nn.Linear(self.sim_dim, 1)
        return nn.ModuleDict(nets | {"score": nn.Linear(self.sim_dim, 1)})

    def _code(self, batch: Tensor, modality: Modality) -> Tensor:
        coded: Tensor = unit(self.net_[modality](batch))
        return coded * present(batch)[..., None] if modality == "image" else coded

    def _cells(self, regions: int, words: int) -> int:
        return words * (4 * regions + 3 * self.dim + 4 * self.sim_dim + words)

    def _score(self, x: Tensor, y: Tensor) -> Tensor:
        attention, _ = attend(y, x, self.sharpness)
        n, m, w, r = attention.shape
        seen = unit((attention.view(n, m * w, r) @ x).view(n, m, w, -1))
        parts = unit(self.net_["agree_part"]((seen - y).square()))
        wholes = self.net_["whole_image"](x)[:, None] - self.net_["whole_text"](y)[None]
        whole = unit(self.net_["agree_whole"](wholes.square()))
        agreement = torch.cat([whole[:, :, None], parts], dim=2).flatten(0, 1)
        there = torch.cat([present(y).new_ones(m, 1), present(y)], dim=1).repeat(n, 1)
        joined = (
            self._reasoned(agreement, there) if self.module == "SGR" else self._filtered(agreement, there)
        )
        scores: Tensor = self.net_["score"](joined).sigmoid().view(n, m)
        return scores

    def _reasoned(self, agreement: Tensor, there: Tensor) -> Tensor:
        """What the vector of the wholes knows after all steps; (p, 1 + w, sim_dim) to (p, sim_dim)."""
        for step in range(self.steps):
            asked, known = (self.net_[f"{name}{step}"](agreement) for name in ("q", "k"))
            heights = (asked @ known.transpose(1, 2)).masked_fill(~there[:, None], -1e4)
            agreement = self.net_[f"next{step}"](functional.softmax(heights, dim=-1) @ agreement).relu()
        return agreement[:, 0]

    def _filtered(self, agreement: Tensor, there: Tensor) -> Tensor:
        """Their mean, weighed; (p, 1 + w, sim_dim) to (p, sim_dim)."""
        weights = self.net_["filter"](agreement).sigmoid().squeeze(-1) * there
        weights = weights / weights.sum(dim=1, keepdim=True)
        return unit((weights[..., None] * agreement).sum(dim=1))
