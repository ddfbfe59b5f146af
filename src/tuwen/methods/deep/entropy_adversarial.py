"""Adversarial learning by entropy: networks raise the uncertainty of a critic of modalities."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from tuwen.methods.base import Paper
from tuwen.methods.layers import every_triplet, mlp
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkSpace


@dataclass(kw_only=True, eq=False)
class EntropyAdversarial(NetworkSpace):
    """Brings pairs together while a critic of images and texts is driven to know neither; no labels.

    The critic lowers its cross entropy; the networks lower -adversary * the entropy of its answers + the
    hinge of all wrong partners, both ways + divergence * [KL(p || q) + KL(q || p)], where p and q are
    softmax of cosines / temperature over the batch, of an image to texts and of the same pair's text to
    images. Unlike a reversed cross entropy, entropy has its highest value where the critic cannot know, not
    where it is wrong.
    Differs from the paper: on given features; its label classifier, and what calibrates it, are left out;
    weights of the terms are ours.

    Args:
        dim: Width of the common space.
        adversary: Weight of the critic's entropy.
        divergence: Weight of KL.
        temperature: Of the softmax.
        margin: Of the hinge.
    """

    paper = Paper(
        "Integrating Information Theory and Adversarial Learning for Cross-modal Retrieval",
        "Chen, Liu, Bakker, Lew",
        "Pattern Recognition",
        2021,
        "https://doi.org/10.1016/j.patcog.2021.107983",
    )

    dim: int = 128
    adversary: float = 0.1
    divergence: float = 1.0
    temperature: float = 0.1
    margin: float = 0.2

    def _heads(self, n_classes: int) -> dict[str, nn.Module]:
        return {"critic": mlp(self.dim, self.dim, 2)}

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        u, v = functional.normalize(u), functional.normalize(v)
        both, scores = torch.cat([u, v]), u @ v.T
        origin = torch.arange(2, device=u.device).repeat_interleave(len(u))
        critic = functional.cross_entropy(self.net_["critic"](both.detach()), origin)
        frozen = {name: weights.detach() for name, weights in self.net_["critic"].named_parameters()}
        unsure = entropy(functional_call(self.net_["critic"], frozen, (both,)))
        near = every_triplet(scores, self.margin) / len(u)
        return (
            critic
            - self.adversary * unsure
            + near
            + self.divergence * disagreement(scores / self.temperature)
        )


def entropy(logits: Tensor) -> Tensor:
    """Mean Shannon entropy of softmax(logits), in nats."""
    likely = functional.log_softmax(logits, dim=1)
    return -(likely.exp() * likely).sum(dim=1).mean()


def disagreement(scores: Tensor) -> Tensor:
    """KL divergences, both ways, of what each pair's image and its text find likely, from (n, n) scores."""
    p, q = functional.log_softmax(scores, dim=1), functional.log_softmax(scores.T, dim=1)
    return ((p.exp() - q.exp()) * (p - q)).sum(dim=1).mean()
