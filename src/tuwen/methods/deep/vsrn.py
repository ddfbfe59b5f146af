"""VSRN: regions tell each other what they know, and are read one after the other, into one common space."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from tuwen.arrays import Modality
from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.sets import Last, SetSpace, packed_first, present, unit


class Reasoning(nn.Module):
    """One round over the graph of all regions; it begins as one that changes nothing."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.asked, self.known, self.told = (nn.Linear(dim, dim) for _ in range(3))
        self.back = nn.Linear(dim, dim)
        nn.init.zeros_(self.back.weight)
        nn.init.zeros_(self.back.bias)

    def forward(self, parts: Tensor, there: Tensor) -> Tensor:
        """Regions (b, parts, dim) and which there are, (b, parts), to the same shape."""
        affinity = self.asked(parts) @ self.known(parts).transpose(1, 2)
        affinity = affinity * there[:, None] / there.sum(dim=1).clamp(min=1)[:, None, None]
        moved: Tensor = parts + self.back(affinity @ self.told(parts))
        return moved * there[..., None]


@dataclass(kw_only=True, eq=False)
class VSRN(SetSpace):
    """Lets regions reason over their relations, then reads them with a recurrent network into one vector.

    In a round V <- V + W_r (R / k) V W_g, with R = (V W_phi)(V W_theta)' over the k regions of an image; the
    last state of a GRU that reads the regions is the image, of one that reads the words the text; the hinge
    of VSE++ on their cosines. The vectors can be indexed.
    Differs from the paper: words are given as vectors, so that no caption can be generated from an image and
    the loss for that is left out; the width is 256 in place of 2,048, there is no batch normalisation, the
    step size stays the same. The order of regions counts, as in the paper: keep the detector's.

    Args:
        dim: Width of the common space.
        steps: Rounds of reasoning.
    """

    paper = Paper(
        "Visual Semantic Reasoning for Image-Text Matching",
        "Li, Zhang, Li, Li, Fu",
        "ICCV",
        2019,
        "https://arxiv.org/abs/1909.02701",
    )

    epochs: int = 30
    learning_rate: float = 2e-4
    dim: int = 256
    steps: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.steps < 0:
            raise InputError(f"steps is {self.steps}; it must be at least 0")

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        parts: dict[str, nn.Module] = {"image": nn.Linear(d_image, self.dim)}
        parts |= {f"reason{step}": Reasoning(self.dim) for step in range(self.steps)}
        return nn.ModuleDict(parts | {"read": Last(self.dim, self.dim), "text": Last(d_text, self.dim)})

    def _code(self, batch: Tensor, modality: Modality) -> Tensor:
        batch = packed_first(batch)
        there = present(batch)
        if modality == "text":
            told: Tensor = self.net_["text"](batch, there)
            return told
        parts = unit(self.net_["image"](batch)) * there[..., None]
        for step in range(self.steps):
            parts = self.net_[f"reason{step}"](parts, there)
        read: Tensor = self.net_["read"](unit(parts), there)
        return read
