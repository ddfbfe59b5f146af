"""DCHMT: differentiable cross-modal hashing, made for the features of CLIP."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.layers import shared_labels
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkHasher


@dataclass(kw_only=True, eq=False)
class DCHMT(NetworkHasher):
    """Lets a softmax select each bit, and sets how far selections lie apart by whether labels are shared.

    With d the distance of the selections (p, 1 - p), p = sigmoid(u), and m = sqrt(2 * apart * bits), lowers
    mean S d² + mean (1 - S) max(0, m - d)², for images with texts, images with images and texts with texts.
    A softmax over two is the sigmoid of their difference, so each bit has one output. No term pulls to
    signs: to be far enough apart, selections must be sharp.
    Differs from the paper: on given features, where the paper fine-tunes CLIP with them; the learning rate
    stays.

    Args:
        bits: Of a code.
        hidden: Width of the layer before the bits.
        apart: Share of the bits in which items without a shared label are to differ.
    """

    paper = Paper(
        "Differentiable Cross-modal Hashing via Multimodal Transformers",
        "Tu, Ji, Ji, Zhou, Hua, et al.",
        "ACM Multimedia",
        2022,
        "https://doi.org/10.1145/3503161.3548187",
    )
    needs_labels = True

    epochs: int = 100
    batch_size: int = 64
    weight_decay: float = 0.2
    hidden: int = 128
    apart: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.apart <= 1:
            raise InputError(f"apart is {self.apart}; it is a share of the bits, above 0 up to 1")

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        alike = shared_labels(batch.labels)
        p, q = u.float().sigmoid(), v.float().sigmoid()
        losses = [self._distances(one, other, alike) for one, other in ((p, q), (p, p), (q, q))]
        return torch.stack(losses).sum()

    def _distances(self, p: Tensor, q: Tensor, alike: Tensor) -> Tensor:
        lengths = p.square().sum(dim=1)[:, None] + q.square().sum(dim=1)
        # twice: what is not selected moves as far; above 0, where a root has no slope
        squares = (2 * (lengths - 2 * p @ q.T)).clamp(min=1e-6)
        most = (2 * self.apart * self.bits) ** 0.5
        short = (most - squares.sqrt()).clamp(min=0).square()
        return (alike * squares + (1 - alike) * short).mean()
