"""UKD: unsupervised knowledge distillation."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.methods.base import Hasher, Paper
from tuwen.methods.hash_losses import RememberingHasher, likelihood
from tuwen.methods.network import Batch, Network

_SHARED = ("bits", "seed", "hidden", "epochs", "device")


@dataclass(kw_only=True, eq=False)
class UKD(RememberingHasher):
    """Learns as if from labels: which items share one is what an unsupervised method, the teacher, says.

    The teacher is fitted first. With t the real values that it makes of an image and of a text, side by side
    and each of length 1, j is alike to i when t_i·t_j is among the `share` highest of all training pairs.
    Then lowers what DCMH does with labels: the mean of log(1 + e^θ) - S θ, θ = u·v / 2, of a batch against
    the newest outputs of all pairs, + quantisation / bits * mean (b - u)² of both, b = sign(u + v).
    Differs from the paper: on given features (figures do not compare); the teacher is DJSRH, or another,
    where the paper has UGACH; the share is ours.

    Args:
        bits: Of a code.
        teacher: Name of a hash method that needs no labels; it gets this method's bits, seed, hidden width,
            epochs and device, and its own defaults otherwise.
        share: Of the training pairs that are alike to one.
        quantisation: Weight of the distance from the codes.
    """

    paper = Paper(
        "Creating Something from Nothing: Unsupervised Knowledge Distillation for Cross-Modal Hashing",
        "Hu, Xie, Hong, Tian",
        "CVPR",
        2020,
        "https://arxiv.org/abs/2004.00280",
    )

    teacher: str = "djsrh"
    share: float = 0.1
    quantisation: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.share < 1:
            raise InputError(f"share is {self.share}; it is a share of the pairs between 0 and 1")
        self._teacher()

    def _teacher(self) -> Hasher:
        from tuwen.methods import find

        found = find(self.teacher)
        if not issubclass(found, Hasher) or found.needs_labels or found is type(self):
            raise InputError(f"teacher is {self.teacher!r}; it must be a hash method that needs no labels")
        known = found().params
        return found(**{name: getattr(self, name) for name in _SHARED if name in known})

    def _start(self, images: Array, texts: Array, labels: Array) -> None:
        super()._start(images, texts, labels)
        teacher = self._teacher()
        if isinstance(teacher, Network):
            teacher.fit(images, texts, validation=self._validation)
        else:
            teacher.fit(images, texts)
        sides = (teacher._transform(images, "image"), teacher._transform(texts, "text"))
        known = [functional.normalize(torch.from_numpy(side).float()) for side in sides]
        self._known = torch.cat(known, dim=1).to(self._where())
        self._count = max(round(self.share * len(images)), 1)

    def _finish(self, images: Array, texts: Array, labels: Array) -> None:
        super()._finish(images, texts, labels)
        del self._known, self._count

    def _alike(self, batch: Batch) -> Tensor:
        """Which training pairs the teacher calls alike to those of the batch, (b, n) as 0 and 1."""
        scores = self._known[batch.rows] @ self._known.T
        least = scores.topk(self._count, dim=1).values[:, -1:]
        return (scores >= least).float()

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        outputs, alike = self._remember(u, v, batch), self._alike(batch)
        code = outputs[:, batch.rows].sum(dim=0).sign()
        likely = [likelihood(one @ other.T, alike) for one, other in ((u, outputs[1]), (v, outputs[0]))]
        apart = [(code - one).square().mean() for one in (u, v)]
        return torch.stack(likely).sum() + self.quantisation / self.bits * torch.stack(apart).sum()
