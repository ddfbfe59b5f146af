"""CCL: cross-modal correlation learning on features of whole items and of their parts."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.arrays import Modality
from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.layers import class_loss, mlp, shared_labels
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkSpace


@dataclass(kw_only=True, eq=False)
class CCL(NetworkSpace):
    """Fuses a coarse and a fine stream a modality, each of which tells its own features and its partner's.

    Lowers the cross entropy of the labels + pairing * [mean d² of pairs that share a label + mean
    max(0, margin - d²) of those that do not] + reconstruction * squared errors of what each stream decodes,
    where d is the distance of an image's unit code from a text's.
    Differs from the paper: on given features, trained at once by Adam; the paper pre-trains Boltzmann
    machines and autoencoders, fuses streams by a joint one, and cuts images and texts into patches itself.
    Without `image_fine` and `text_fine` there is the coarse stream alone.

    Args:
        dim: Width of the common space.
        hidden: Width of every stream, and of what they are fused to.
        image_fine: How many of an image's last features are of its parts, such as the mean over regions.
        text_fine: The same for texts, such as the mean over sentences.
        pairing: Weight of distances.
        margin: Squared distance that items of different labels keep.
        reconstruction: Weight of the decoders.
    """

    paper = Paper(
        "CCL: Cross-modal Correlation Learning with Multi-grained Fusion by Hierarchical Network",
        "Peng, Qi, Huang, Yuan",
        "IEEE Transactions on Multimedia",
        2018,
        "https://doi.org/10.1109/TMM.2017.2742704",
    )
    needs_labels = True

    dim: int = 128
    image_fine: int = 0
    text_fine: int = 0
    pairing: float = 1.0
    margin: float = 1.0
    reconstruction: float = 0.1

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        parts: dict[str, nn.Module] = {"classifier": nn.Linear(self.dim, n_classes)}
        widths = {"image": self._streams(d_image, "image"), "text": self._streams(d_text, "text")}
        for modality, streams in widths.items():
            for number, width in enumerate(streams):
                parts[f"{modality}_{number}"] = mlp(width, self.hidden, last=True)
                parts[f"{modality}_{number}_to_image"] = nn.Linear(self.hidden, d_image)
                parts[f"{modality}_{number}_to_text"] = nn.Linear(self.hidden, d_text)
            parts[modality] = mlp(self.hidden * len(streams), self.hidden, self.dim)
        return nn.ModuleDict(parts)

    def _streams(self, width: int, modality: Modality) -> list[int]:
        """Widths of the coarse stream and, where there is one, of the fine stream."""
        fine = self.image_fine if modality == "image" else self.text_fine
        if not 0 <= fine < width:
            raise InputError(
                f"{modality}_fine is {fine}, but {modality} features have {width} columns; it is 0 for no "
                "fine stream, and leaves at least one for the coarse one"
            )
        return [width - fine, fine] if fine else [width]

    def _seen(self, batch: Tensor, modality: Modality) -> list[Tensor]:
        """What each stream makes of its columns, (b, hidden)."""
        columns = batch.split(self._streams(batch.shape[1], modality), dim=1)
        return [self.net_[f"{modality}_{number}"](part) for number, part in enumerate(columns)]

    def _code(self, batch: Tensor, modality: Modality) -> Tensor:
        code: Tensor = self.net_[modality](torch.cat(self._seen(batch, modality), dim=1))
        return code

    def _step(self, batch: Batch) -> Tensor:
        seen = {"image": self._seen(batch.x, "image"), "text": self._seen(batch.y, "text")}
        u, v = (self.net_[modality](torch.cat(streams, dim=1)) for modality, streams in seen.items())
        lost = [
            (self.net_[f"{modality}_{number}_to_{name}"](stream) - target).square().mean()
            for modality, streams in seen.items()
            for number, stream in enumerate(streams)
            for name, target in (("image", batch.x), ("text", batch.y))
        ]
        return self._loss(u, v, batch) + self.reconstruction * torch.stack(lost).sum()

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        told = [class_loss(self.net_["classifier"](code), batch.labels) for code in (u, v)]
        alike = shared_labels(batch.labels)
        return told[0] + told[1] + self.pairing * contrastive(u, v, alike, self.margin)


def contrastive(u: Tensor, v: Tensor, alike: Tensor, margin: float) -> Tensor:
    """Mean squared distance of unit rows that are alike, and of what others lack to `margin`."""
    apart = 2 - 2 * functional.normalize(u) @ functional.normalize(v).T
    near = (apart * alike).sum() / alike.sum().clamp(min=1)
    far = ((margin - apart).clamp(min=0) * (1 - alike)).sum() / (1 - alike).sum().clamp(min=1)
    return near + far
