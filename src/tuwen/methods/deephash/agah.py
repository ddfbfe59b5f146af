"""AGAH: adversary guided asymmetric hashing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.arrays import MODALITIES, Array, Modality
from tuwen.methods.base import Paper
from tuwen.methods.discrete import coordinate_signs
from tuwen.methods.hash_losses import RememberingHasher, check_hidden, ranked_triplets
from tuwen.methods.layers import cosines, mlp, shared_labels
from tuwen.methods.network import Batch


@dataclass(kw_only=True, eq=False)
class AGAH(RememberingHasher):
    """Attends to the classes an item is near, and gives classes codes of their own; critics guide both sides.

    A feature f of length 1 becomes attention * f + (1 - attention) * the mean of class features, weighted by
    sigmoid(5 f·c); u is the tanh of what a layer makes of it. Lowers triplets of cosines by shared labels,
    both ways, + ones / (1 + e^cos(|u|, 1)) + classes * (u·k - bits (2 L - 1))² with a code k a class +
    quantisation * ||u - sign u||² + adversary * what two Wasserstein critics with a gradient penalty tell
    from the features. After each epoch class codes are found bit by bit, and class features are means.
    Differs from the paper: on given features, where the paper fine-tunes CNN-F from pixels (figures do not
    compare); each feature has length 1, where the public code scales a batch by its whole; Adam. As in
    that code all terms but the critics' mean are sums over the batch; here all are divided by its size.

    Args:
        bits: Of a code.
        hidden: Width of the features that attention and critics see.
        margin: How much nearer a true item must be than a wrong one.
        attention: Share of the own feature; the rest is of classes.
        ones: Weight of outputs that are alike in size.
        classes: Weight of the class codes.
        quantisation: Weight of the distance from signs.
        adversary: Weight of the critics.
    """

    paper = Paper(
        "Adversary Guided Asymmetric Hashing for Cross-Modal Retrieval",
        "Gu, Gu, Gu, Li, Xiong, Wang",
        "ICMR",
        2019,
        "https://doi.org/10.1145/3323873.3325045",
    )
    needs_labels = True

    epochs: int = 300
    margin: float = 0.3
    attention: float = 0.8
    ones: float = 1.0
    classes: float = 0.001
    quantisation: float = 1.0
    adversary: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_hidden(self)

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        parts: dict[str, nn.Module] = {"classes": nn.Linear(self.hidden, n_classes, bias=False)}
        parts["classes"].requires_grad_(False)  # set to means, not learned by steps
        for name, width in zip(MODALITIES, (d_image, d_text), strict=True):
            parts[name] = mlp(width, self.hidden, self.hidden, last=True)
            parts[f"{name}_bits"] = nn.Linear(self.hidden, self.bits)
            parts[f"{name}_critic"] = mlp(self.hidden, self.hidden, max(self.hidden // 2, 1), 1)
        return nn.ModuleDict(parts)

    def _start(self, images: Array, texts: Array, labels: Array) -> None:
        super()._start(images, texts, labels)
        device = self._where()
        self._features_of = torch.zeros(2, len(images), self.hidden, device=device)
        self._class_codes = torch.randn(labels.shape[1], self.bits, device=device).sign()

    def _finish(self, images: Array, texts: Array, labels: Array) -> None:
        super()._finish(images, texts, labels)
        del self._features_of, self._class_codes, self._critic_optimizer

    def _make_optimizer(self, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
        critics = [one for name in MODALITIES for one in self.net_[f"{name}_critic"].parameters()]
        known = {id(one) for one in critics}
        self._critic_optimizer = torch.optim.AdamW(critics, lr=self.learning_rate, betas=(0.5, 0.9))
        return super()._make_optimizer([one for one in parameters if id(one) not in known])

    def _feature(self, batch: Tensor, modality: Modality) -> Tensor:
        return functional.normalize(self.net_[modality](batch))

    def _code(self, batch: Tensor, modality: Modality) -> Tensor:
        return self._hash(self._feature(batch, modality), modality)

    def _hash(self, feature: Tensor, modality: Modality) -> Tensor:
        centres = self.net_["classes"].weight
        near = torch.sigmoid(5 * feature @ centres.T)
        seen = near @ centres / near.sum(dim=1, keepdim=True)
        mixed = self.attention * feature + (1 - self.attention) * seen
        return cast(Tensor, self.net_[f"{modality}_bits"](mixed)).tanh()

    def _update(self, batch: Batch) -> float:
        with torch.no_grad():
            real = self._feature(batch.x, "image"), self._feature(batch.y, "text")
        told = self._critics(real[0], real[1], "image") + self._critics(real[1], real[0], "text")
        self._critic_optimizer.zero_grad()
        if torch.isfinite(told):
            told.backward()
            self._critic_optimizer.step()
        return super()._update(batch)

    def _critics(self, real: Tensor, other: Tensor, modality: Modality) -> Tensor:
        """What the critic of a modality lowers: the Wasserstein distance, and slopes that are not 1."""
        critic = self.net_[f"{modality}_critic"]
        share = torch.rand_like(real)
        between = (share * real + (1 - share) * other).requires_grad_()
        (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        penalty = (slope.norm(dim=1) - 1).square().mean()
        return cast(Tensor, critic(other).mean() - critic(real).mean() + 10 * penalty)

    def _step(self, batch: Batch) -> Tensor:
        f, g = self._feature(batch.x, "image"), self._feature(batch.y, "text")
        self._features_of[0, batch.rows], self._features_of[1, batch.rows] = (
            f.detach().float(),
            g.detach().float(),
        )
        passing = (self.net_["text_critic"](f).mean() + self.net_["image_critic"](g).mean()) / len(f)
        return self._loss(self._hash(f, "image"), self._hash(g, "text"), batch) - self.adversary * passing

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        self._remember(u, v, batch)
        alike, wanted = shared_labels(batch.labels), self.bits * (2 * batch.labels.clamp(max=1) - 1)
        scores = cosines(u, v)
        loss = ranked_triplets(scores, alike, self.margin) + ranked_triplets(scores.T, alike, self.margin)
        loss = loss * (alike.sum(dim=1) * (1 - alike).sum(dim=1)).mean()  # triplets an item
        for code in (u, v):
            level = functional.cosine_similarity(code.abs(), torch.ones_like(code))
            loss = loss + self.ones * torch.sigmoid(-level).mean()
            told = (code @ self._class_codes.T - wanted).square().sum(dim=1).mean()
            apart = (code - code.detach().sign()).square().sum(dim=1).mean()
            loss = loss + self.classes * told + self.quantisation * apart
        return loss

    def _epoch(self, data: list[Tensor], epoch: int) -> list[float]:
        losses = super()._epoch(data, epoch)
        share = (self._labels / self._labels.sum(dim=0).clamp(min=1)).T
        self.net_["classes"].weight.data = functional.normalize(share @ self._features_of.sum(dim=0))
        signs = self._outputs.cpu().numpy()
        signs = np.where(signs > 0, 1.0, -1.0)
        wanted = 2 * np.minimum(self._labels.cpu().numpy(), 1) - 1
        linear = self.bits * wanted.T @ signs.sum(axis=0)
        gram = signs[0].T @ signs[0] + signs[1].T @ signs[1]
        found = coordinate_signs(self._class_codes.cpu().numpy(), linear, gram)
        self._class_codes = torch.from_numpy(found).to(self._class_codes)
        return losses
