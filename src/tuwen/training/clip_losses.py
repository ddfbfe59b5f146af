"""What dual encoders learn from a batch of pairs: InfoNCE, SigLIP's sigmoid loss, what is to be kept."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

#: Bounds of the logarithm of the scale that cosines are multiplied by; CLIP stops at 100.
LEAST_SCALE, MOST_SCALE = 0.0, 4.6052


def same_item(images: Tensor, texts: Tensor) -> Tensor:
    """Which pairs of a batch show the same picture or have the same text, (n, n) bool.

    Args:
        images: (n,) number of each pair's picture.
        texts: (n,) number of each pair's text.
    """
    return (images[:, None] == images[None]) | (texts[:, None] == texts[None])


def infonce(u: Tensor, v: Tensor, scale: Tensor, same: Tensor) -> Tensor:
    """Cross entropy of each pair against the others of the batch, the mean of both ways (CLIP).

    Pairs with the same picture or text, which are no negatives, are left out of the sums.

    Args:
        u: (n, width) unit rows of pictures.
        v: (n, width) unit rows of their texts.
        scale: Logarithm of what cosines are multiplied by.
        same: As `same_item` gives it.
    """
    own = torch.eye(len(u), dtype=torch.bool, device=u.device)
    logits = (scale.exp() * u @ v.T).masked_fill(same & ~own, -torch.inf)
    target = torch.arange(len(u), device=u.device)
    return (functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)) / 2


def sigmoid(u: Tensor, v: Tensor, scale: Tensor, bias: Tensor, same: Tensor) -> Tensor:
    """Each of the n x n combinations is told apart by itself: a pair or none (SigLIP, Zhai et al. 2023).

    The sum over all combinations divided by n, as in the paper; pairs with the same item count as true.
    """
    logits = scale.exp() * u @ v.T + bias
    signs = torch.where(same, 1.0, -1.0)
    return -functional.logsigmoid(signs * logits).sum() / len(u)


def kept(u: Tensor, v: Tensor, before: tuple[Tensor, Tensor], scale: Tensor, scale_before: float) -> Tensor:
    """How far the similarities of a batch have moved from those of the starting model.

    The Kullback-Leibler divergence from softmax(s0 U0 V0^T) to softmax(s U V^T), the mean of both ways.

    Args:
        u: (n, width) unit rows of pictures now.
        v: (n, width) unit rows of texts now.
        before: Both from the starting model.
        scale: Logarithm of the scale now.
        scale_before: The starting model's.
    """
    u0, v0 = before
    taught = torch.exp(torch.tensor(scale_before)).item() * u0 @ v0.T
    now = scale.exp() * u @ v.T
    ways = [
        functional.kl_div(
            functional.log_softmax(mine, dim=1),
            functional.log_softmax(other, dim=1),
            reduction="batchmean",
            log_target=True,
        )
        for mine, other in ((now, taught), (now.T, taught.T))
    ]
    return (ways[0] + ways[1]) / 2
