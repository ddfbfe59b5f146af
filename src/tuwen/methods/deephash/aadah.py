"""AADAH: attention-aware deep adversarial hashing."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.arrays import MODALITIES, Modality
from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.hash_losses import check_hidden, off_signs, ranked_triplets
from tuwen.methods.layers import cosines, mlp, reverse_gradient, shared_labels
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkHasher


@dataclass(kw_only=True, eq=False)
class AADAH(NetworkHasher):
    """Attends to what tells classes, found by an adversary that leaves nothing that tells them outside.

    A mask m splits a feature h into what is attended to, h m, and the rest, h (1 - m); codes are made of the
    first. Lowers triplets of cosines by shared labels, both ways, of what is attended to, + rest * the same
    of the rest, with the gradient reversed for the mask (hashing tries to tell classes from the rest too,
    the mask that it cannot), + quantisation * mean (|u| - 1)².
    Re-derived from the paper's text. Differs from it: on given features, where the paper masks places of
    feature maps (figures do not compare); the mask is a softmax over the units of a layer, cut at 1, and can
    attend to `attended` of them at most, as a mask of all leaves no rest.

    Args:
        bits: Of a code.
        margin: How much nearer a true item must be than a wrong one.
        attended: Share of the units that can be attended to.
        rest: Weight of what is not attended to.
        quantisation: Weight of the distance from signs.
    """

    paper = Paper(
        "Attention-Aware Deep Adversarial Hashing for Cross-Modal Retrieval",
        "Zhang, Lai, Feng",
        "ECCV",
        2018,
        "https://doi.org/10.1007/978-3-030-01267-0_36",
    )
    needs_labels = True

    margin: float = 0.2
    attended: float = 0.5
    rest: float = 1.0
    quantisation: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_hidden(self)
        if not 0 < self.attended < 1:
            raise InputError(f"attended is {self.attended}; it is a share between 0 and 1")

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        parts: dict[str, nn.Module] = {}
        for name, width in zip(MODALITIES, (d_image, d_text), strict=True):
            parts[name] = mlp(width, self.hidden, last=True)
            parts[f"{name}_mask"] = nn.Linear(self.hidden, self.hidden)
            parts[f"{name}_bits"] = nn.Linear(self.hidden, self.bits)
        return nn.ModuleDict(parts)

    def _mask(self, feature: Tensor, modality: Modality) -> Tensor:
        """How much each unit is attended to, (b, hidden) from 0 to 1."""
        share = functional.softmax(self.net_[f"{modality}_mask"](feature), dim=1)
        return (share * self.hidden * self.attended).clamp(max=1)

    def _code(self, batch: Tensor, modality: Modality) -> Tensor:
        feature = self.net_[modality](batch)
        made: Tensor = self.net_[f"{modality}_bits"](feature * self._mask(feature, modality))
        return made.tanh()

    def _rest(self, batch: Tensor, modality: Modality) -> Tensor:
        """Codes of what is not attended to; the mask learns to make them bad."""
        feature = self.net_[modality](batch)
        # the mask's own view of the feature is cut: the reversed gradient is for the mask alone
        mask = reverse_gradient(self._mask(feature.detach(), modality))
        made: Tensor = self.net_[f"{modality}_bits"](feature * (1 - mask))
        return made.tanh()

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        alike = shared_labels(batch.labels)
        others = self._rest(batch.x, "image"), self._rest(batch.y, "text")
        told = [self._triplets(*codes, alike) for codes in ((u, v), others)]
        return told[0] + self.rest * told[1] + self.quantisation * off_signs(u, v)

    def _triplets(self, u: Tensor, v: Tensor, alike: Tensor) -> Tensor:
        scores = cosines(u, v)
        both = [ranked_triplets(part, alike, self.margin) for part in (scores, scores.T)]
        return torch.stack(both).sum()
