"""Losses that several networks with codes share, and the outputs of all training pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkHasher


def likelihood(products: Tensor, alike: Tensor) -> Tensor:
    """Mean of log(1 + e^θ) - S θ with θ half of the products of outputs, and S 1 where two are alike."""
    half = products / 2
    return (functional.softplus(half) - alike * half).mean()


def off_signs(*outputs: Tensor) -> Tensor:
    """Mean square of how far outputs lie from -1 or 1, summed over the tensors given."""
    return torch.stack([(one.abs() - 1).square().mean() for one in outputs]).sum()


def ranked_triplets(scores: Tensor, alike: Tensor, margin: float) -> Tensor:
    """Hinge on every j that is more like i than k is, weighted by how much more.

    For likeness of 0 and 1 these are all triplets of a true and a wrong item. The mean is over the weights.

    Args:
        scores: (n, m), higher is closer.
        alike: (n, m), how alike two items are to be.
        margin: How far j must lie above k.
    """
    rows, places = (alike > alike.amin(dim=1, keepdim=True)).nonzero(
        as_tuple=True
    )  # the least alike are above none
    weights = (alike[rows, places][:, None] - alike[rows]).clamp(min=0)
    costs = (margin + scores[rows] - scores[rows, places][:, None]).clamp(min=0)
    return (weights * costs).sum() / weights.sum().clamp(min=1e-6)


def check_hidden(method: NetworkHasher) -> None:
    """Refuse networks without a hidden layer, for methods that attend to its units.

    Raises:
        InputError: `hidden` is 0.
    """
    if not method.hidden:
        raise InputError(f"hidden is 0; {type(method).__name__} attends to hidden units: at least 1")


@dataclass(kw_only=True, eq=False)
class RememberingHasher(NetworkHasher):
    """Two networks that compare a batch with the newest outputs of all training pairs."""

    def _start(self, images: Array, texts: Array, labels: Array) -> None:
        device = self._where()
        self._labels = torch.from_numpy(np.require(labels, requirements=["C", "W"])).to(device)
        self._outputs = torch.zeros(2, len(images), self.bits, device=device)

    def _finish(self, images: Array, texts: Array, labels: Array) -> None:
        del self._labels, self._outputs

    def _remember(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        """The newest outputs of images and of texts, (2, n, bits), those of this batch among them."""
        self._outputs[0, batch.rows], self._outputs[1, batch.rows] = u.detach().float(), v.detach().float()
        return self._outputs

    def _alike(self, batch: Batch) -> Tensor:
        """Which training pairs share a label with those of the batch, (b, n) as 0 and 1."""
        return (batch.labels @ self._labels.T > 0).float()
