"""HHCO: what occurs together within a modality and across both, on sets of parts."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tuwen.arrays import Modality
from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.sets import SetSpace, present


class Gathering(nn.Module):
    """Adds to each part what it finds near: of the other parts of its item, then of a memory."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.asks, self.told = nn.Linear(dim, 2 * dim), nn.Linear(dim, dim)
        self.reads, self.read = nn.Linear(dim, dim), nn.Linear(dim, dim)

    def forward(self, parts: Tensor, there: Tensor, memory: Tensor) -> Tensor:
        """(b, parts, dim), which parts there are (b, parts), and (rows, dim), to (b, parts, dim)."""
        scale = parts.shape[2] ** -0.5
        asks, keys = self.asks(parts).chunk(2, dim=2)
        near = (asks @ keys.transpose(1, 2) * scale).masked_fill(~there[:, None], -1e4).softmax(dim=2)
        parts = parts + torch.relu(self.told(near @ parts))
        across = (self.reads(parts) @ memory.T * scale).softmax(dim=2)
        gathered: Tensor = parts + torch.relu(self.read(across @ memory))
        return gathered


@dataclass(kw_only=True, eq=False)
class HHCO(SetSpace):
    """Adds to regions and words what occurs beside them, in their own item and in the other modality.

    A part p becomes p' = p + relu(A Σ_j a_j p_j), with weights a_j = softmax of products with the parts of
    its own item (homogeneous), and then p' + relu(B Σ_k b_k m_k), with rows m of a memory that both
    modalities share (heterogeneous): regions and words that occur together come to read the same rows. An
    item is the mean of its parts; the hinge of VSE++ on cosines.
    Re-derived from summaries of the paper: no code of the authors is public. The memory stands for neighbours
    in the other modality, so that an item is coded alone and can be indexed.

    Args:
        dim: Width of the common space.
        memory: Rows that both modalities share.
    """

    paper = Paper(
        "Learning Homogeneous and Heterogeneous Co-Occurrences for Unsupervised Cross-Modal Retrieval",
        "Zhao, Wang, Zhang, et al.",
        "ICME",
        2021,
        "",
    )

    epochs: int = 30
    learning_rate: float = 5e-4
    dim: int = 256
    memory: int = 128

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.memory < 1:
            raise InputError(f"memory is {self.memory}; it must be at least 1")

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        parts: dict[str, nn.Module] = {"memory": nn.Embedding(self.memory, self.dim)}
        for name, width in {"image": d_image, "text": d_text}.items():
            parts |= {name: nn.Linear(width, self.dim), f"{name}_gathering": Gathering(self.dim)}
        return nn.ModuleDict(parts)

    def _code(self, batch: Tensor, modality: Modality) -> Tensor:
        there = present(batch)
        parts = self.net_[modality](batch)
        gathered = self.net_[f"{modality}_gathering"](parts, there, self.net_["memory"].weight)
        shares = there / there.sum(dim=1, keepdim=True).clamp(min=1)
        pooled: Tensor = (gathered * shares[..., None]).sum(dim=1)
        return pooled
