"""UDIH: unsupervised deep imputed hashing, for pairs of which one side is missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tuwen.arrays import MODALITIES, Array
from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.hash_losses import ranked_triplets
from tuwen.methods.layers import cosines, mlp
from tuwen.methods.network import Batch, Pairs
from tuwen.methods.towers import NetworkHasher

_FEWEST = 2  # complete pairs: from fewer, nothing can be said about a partner


@dataclass(kw_only=True, eq=False)
class UDIH(NetworkHasher):
    """Fills in missing partners from complete pairs, then ranks by how alike pairs are; no labels.

    A row of zeros in `fit` says that this side of the pair is missing. First networks learn, on complete
    pairs, to tell the standardised features of one modality from the other's, and fill the missing rows in.
    Then, over a batch, lowers the hinge margin + t_ij D_ij - t_ik D_ik, weighted by how much more alike i and
    j are than i and k, from images to texts and back, with D squared distances of sigmoids of the outputs
    and t 1, or `trust` where either side was filled in. Alike is weight * cos(x, x') + (1 - weight) *
    cos(y, y') above what it is past the `neighbours` nearest of the batch, else 0. The epoch is chosen on
    complete pairs alone.
    Re-derived from the abstract and the public code. Differs from them: on given features (figures do not
    compare); one network a modality fills in, not a cascade of autoencoders, and all that is filled in is
    learned from; that code links a pair to itself alone, the number of neighbours is ours.

    Args:
        bits: Of a code.
        margin: How much farther an item that is less alike must be.
        trust: What a distance counts where one side was filled in.
        weight: Share of the images in how alike pairs are.
        neighbours: Of an item in a batch, itself among them.
        filling: Epochs of the networks that fill in.
    """

    paper = Paper(
        "Unsupervised Deep Imputed Hashing for Partial Cross-modal Retrieval",
        "Chen, Cheng, Min, Jing",
        "IJCNN",
        2020,
        "https://doi.org/10.1109/IJCNN48605.2020.9206611",
    )

    margin: float = 2.0
    trust: float = 0.4
    weight: float = 0.5
    neighbours: int = 8
    filling: int = 30

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.weight <= 1:
            raise InputError(f"weight is {self.weight}; it is the share of the images, from 0 to 1")

    def _fit(self, images: Array, texts: Array, labels: Array) -> None:
        there = [np.asarray(side.any(axis=1)) for side in (images, texts)]
        known = there[0] | there[1]  # a row without either side says nothing
        images, texts, labels = images[known].copy(), texts[known].copy(), labels[known]
        there = [side[known] for side in there]
        self._there, self._complete = there, there[0] & there[1]
        if self._complete.sum() < _FEWEST:
            raise InputError(
                f"only {int(self._complete.sum())} of {len(images)} pairs have both sides (a row of zeros "
                f"is a missing one); UDIH needs at least {_FEWEST}"
            )
        try:
            if not self._complete.all():
                self._fill(images, texts, there)
            super()._fit(images, texts, labels)
        finally:
            del self._complete, self._there
            vars(self).pop("_known", None)

    def _parts(self, images: Array, texts: Array, labels: Array) -> tuple[list[Array], Pairs | None]:
        whole = self._complete
        train, chosen_on = super()._parts(*(part[whole] for part in (images, texts, labels)))
        if chosen_on is not None:
            sides = chosen_on[0].any(axis=1) & chosen_on[1].any(axis=1)
            kept = chosen_on[0][sides], chosen_on[1][sides], np.asarray(chosen_on[2])[sides]
            chosen_on = kept if sides.any() else None
        filled = [part[~whole] for part in (images, texts, labels)]
        real = [np.r_[np.ones(len(train[0]), bool), side[~whole]] for side in self._there]
        self._known = torch.from_numpy(np.stack(real))
        return [np.concatenate(both) for both in zip(train, filled, strict=True)], chosen_on

    def _fill(self, images: Array, texts: Array, there: list[Array]) -> None:
        """Write features into the rows of a modality that are missing, told from the other's."""
        sides = [images, texts]
        self._keep_standards([side[self._complete] for side in sides])
        scaled = [
            (side - self.mean_[name]) / self.scale_[name]
            for side, name in zip(sides, MODALITIES, strict=True)
        ]
        for place, name in enumerate(MODALITIES):
            missing = ~there[place]
            if missing.any():
                source, target = (torch.from_numpy(scaled[one]) for one in (1 - place, place))
                whole = torch.from_numpy(self._complete)
                told = self._told(source[whole], target[whole], source[torch.from_numpy(missing)])
                sides[place][missing] = told.numpy() * self.scale_[name] + self.mean_[name]

    def _told(self, source: Tensor, target: Tensor, asked: Tensor) -> Tensor:
        """What a network that learned target from source says of other rows of source."""
        device = self._device()
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(self.seed)
            network = mlp(source.shape[1], max(self.hidden, 1), target.shape[1]).to(device)
            optimizer = torch.optim.AdamW(network.parameters(), lr=self.learning_rate)
            for _ in range(self.filling):
                for rows in torch.randperm(len(source)).split(self.batch_size):
                    loss = functional.mse_loss(network(source[rows].to(device)), target[rows].to(device))
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
        with torch.inference_mode():
            return torch.cat([network(part.to(device)).cpu() for part in asked.split(4096)])

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        p, q = u.float().sigmoid(), v.float().sigmoid()
        far = p.square().sum(dim=1)[:, None] + q.square().sum(dim=1) - 2 * p @ q.T
        image, text = self._known.to(far.device)[:, batch.rows]
        scores = -far * torch.where(image[:, None] & text, 1.0, self.trust)
        alike = self._alike(batch.x, batch.y)
        ranked = [ranked_triplets(part, alike, self.margin) for part in (scores, scores.T)]
        return torch.stack(ranked).sum()

    def _alike(self, x: Tensor, y: Tensor) -> Tensor:
        """How much more alike pairs are than those past the nearest, (b, b) from 0 on."""
        alike = self.weight * cosines(x, x) + (1 - self.weight) * cosines(y, y)
        least = alike.topk(min(self.neighbours + 1, len(x)), dim=1).values[:, -1:]
        return (alike - least).clamp(min=0)
