"""Parts that several networks share, and losses on their outputs."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.errors import InputError


def mlp(*widths: int, dropout: float = 0.0, last: bool = False) -> nn.Module:
    """Linear layers of the given widths with ReLU between them; after the last too if asked.

    Raises:
        InputError: A width is below 1.
    """
    if min(widths) < 1:
        raise InputError(f"a layer is {min(widths)} wide; hidden and dim must be at least 1")
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
        if dropout:
            layers.append(nn.Dropout(dropout))
    whole = layers if last else layers[: len(layers) - (2 if dropout else 1)]
    return nn.Sequential(*whole)


class _Reverse(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, value: Tensor, strength: float) -> Tensor:
        context.strength = strength
        return value.view_as(value)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return -context.strength * gradient, None


def reverse_gradient(value: Tensor, strength: float = 1.0) -> Tensor:
    """The same value forward, the negated gradient backward, times `strength` (Ganin & Lempitsky 2015)."""
    reversed_: Tensor = _Reverse.apply(value, strength)
    return reversed_


def cosines(u: Tensor, v: Tensor) -> Tensor:
    """Cosines of every row of u (n, d) with every row of v (m, d)."""
    return functional.normalize(u) @ functional.normalize(v).T


def hardest_triplet(scores: Tensor, margin: float) -> Tensor:
    """Hinge on the hardest wrong text and image of each pair, from (n, n) scores (VSE++, Faghri 2018)."""
    own = scores.diagonal()
    mine = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    wrong = scores.masked_fill(mine, -torch.inf)
    text_cost = (margin + wrong.amax(dim=1) - own).clamp(min=0)
    image_cost = (margin + wrong.amax(dim=0) - own).clamp(min=0)
    return (text_cost + image_cost).mean()


def every_triplet(scores: Tensor, margin: float) -> Tensor:
    """The same hinge summed over all wrong texts and images (VSE0)."""
    own = scores.diagonal()
    wrong = 1 - torch.eye(len(scores), device=scores.device)
    text_cost = ((margin + scores - own[:, None]).clamp(min=0) * wrong).sum(dim=1)
    image_cost = ((margin + scores - own[None, :]).clamp(min=0) * wrong).sum(dim=0)
    return (text_cost + image_cost).mean()


def semi_hard_triplet(scores: Tensor, margin: float) -> Tensor:
    """The same hinge on the hardest wrong partner that is still below the own one (FaceNet, Schroff 2015)."""
    own = scores.diagonal()
    mine = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    costs = []
    for values in (scores, scores.T):
        below = values.masked_fill(mine | (values >= own[:, None]), -torch.inf)
        costs.append((margin + below.amax(dim=1) - own).clamp(min=0))
    return (costs[0] + costs[1]).mean()


def shared_labels(labels: Tensor) -> Tensor:
    """Which rows share at least one label, (n, n) as 0 and 1."""
    return (labels @ labels.T > 0).float()


def class_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy of the true classes, each of several counting alike; rows without a class do not."""
    share = labels / labels.sum(dim=1, keepdim=True).clamp(min=1)
    counted = (labels.sum(dim=1) > 0).sum().clamp(min=1)
    return -(share * functional.log_softmax(logits, dim=1)).sum() / counted


def correlations(u: Tensor, v: Tensor, ridge: float) -> Tensor:
    """Canonical correlations of outputs u and v (n, d), whose covariances get `ridge` added.

    Their sum is the nuclear norm, the sum of singular values: not a trace of element-wise roots, as some
    released code has it.
    """
    u, v = u - u.mean(dim=0), v - v.mean(dim=0)
    # any root of a covariance gives these values; a triangular one also has gradients where eigenvalues tie
    half = torch.linalg.solve_triangular(_root(u, ridge), u.T @ v / len(u), upper=False)
    between = torch.linalg.solve_triangular(_root(v, ridge), half.T, upper=False)
    values: Tensor = torch.linalg.svdvals(between)
    return values


def _root(u: Tensor, ridge: float) -> Tensor:
    """The lower triangular root of the covariance of u with a ridge."""
    ridged = u.T @ u / len(u) + ridge * torch.eye(u.shape[1], device=u.device, dtype=u.dtype)
    root: Tensor = torch.linalg.cholesky(ridged)
    return root


def contrast(u: Tensor, v: Tensor, temperature: float, same: Tensor | None = None) -> Tensor:
    """Cross entropy of each pair against the others of the batch, both ways (InfoNCE), of unit rows.

    Args:
        u: (n, d).
        v: (n, d).
        temperature: What cosines are divided by.
        same: Which others are no wrong partners, (n, n) symmetric; a pair's own does not count.
    """
    scores = u @ v.T / temperature
    own = torch.arange(len(u), device=u.device)
    if same is not None:
        scores = scores.masked_fill(same & (own[:, None] != own), -torch.inf)
    return (functional.cross_entropy(scores, own) + functional.cross_entropy(scores.T, own)) / 2


def prototypes(dim: int, n_classes: int) -> nn.Module:
    """A learnable row a class, orthogonal at first as far as `dim` allows."""
    rows = nn.Linear(dim, n_classes, bias=False)
    nn.init.orthogonal_(rows.weight)
    return rows
