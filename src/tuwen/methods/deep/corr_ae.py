"""Corr-AE: correspondence autoencoders, with their cross-modal and full variants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.layers import mlp
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkSpace


@dataclass(kw_only=True, eq=False)
class CorrAE(NetworkSpace):
    """Two autoencoders whose hidden layers agree on every pair.

    Lowers (1 - agreement) * mean squared error of what is decoded + agreement * mean ||u - v||².
    Differs from the paper: one hidden layer before the code, trained at once by Adam, where the paper
    pre-trains a restricted Boltzmann machine a modality.

    Args:
        dim: Width of the codes.
        agreement: Weight of the distance between the codes of a pair.
        decode: What each code is decoded to: its `own` modality (Corr-AE), the `other` (Corr-Cross-AE), or
            `both` (Corr-Full-AE).
    """

    paper = Paper(
        "Cross-modal Retrieval with Correspondence Autoencoder",
        "Feng, Wang, Li",
        "ACM Multimedia",
        2014,
        "https://doi.org/10.1145/2647868.2654902",
    )

    dim: int = 64
    agreement: float = 0.8
    decode: Literal["own", "other", "both"] = "own"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.decode not in ("own", "other", "both"):
            raise InputError(f"decode is {self.decode!r}; it is 'own', 'other' or 'both'")

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        widths = {"image": d_image, "text": d_text}
        parts = {name: mlp(width, self.hidden, self.dim) for name, width in widths.items()}
        for code in widths:
            for target, width in widths.items():
                if self.decode == "both" or (code == target) == (self.decode == "own"):
                    parts[f"{code}_to_{target}"] = mlp(self.dim, self.hidden, width)
        return nn.ModuleDict(parts)

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        codes, targets = {"image": u, "text": v}, {"image": batch.x, "text": batch.y}
        lost = [
            (self.net_[f"{code}_to_{target}"](codes[code]) - targets[target]).square().mean()
            for code in codes
            for target in targets
            if f"{code}_to_{target}" in self.net_
        ]
        apart = (u - v).square().mean()
        return (1 - self.agreement) * torch.stack(lost).sum() + self.agreement * apart
