"""What dual encoders learn from a batch of pairs: InfoNCE, SigLIP's sigmoid loss, what is to be kept."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

#: Bounds of the logarithm of the scale that cosines are multiplied by; CLIP stops at 100.
LEAST_SCALE, MOST_SCALE = 0.0, 4.6052

_STRENGTH = 10.0  # cosines move by hundredths where a cross entropy moves by tenths


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


def kept(u: Tensor, v: Tensor, before: tuple[Tensor, Tensor]) -> Tensor:
    """How far vectors have moved from those of the starting model.

    Ten times the mean of 1 - cosine over pictures and texts. Vectors rather than similarities: on small
    models the divergence of a batch's similarities kept less of the old pairs, and let less be learned.

    Args:
        u: (n, width) unit rows of pictures now.
        v: (n, width) unit rows of texts now.
        before: Both from the starting model.
    """
    moved = [1 - (now * old).sum(dim=1) for now, old in zip((u, v), before, strict=True)]
    return _STRENGTH * (moved[0].mean() + moved[1].mean()) / 2
