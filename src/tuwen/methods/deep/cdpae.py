"""CDPAE: comprehensive distance-preserving autoencoders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.arrays import Array, Modality, unit_rows
from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.layers import cosines, mlp
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkSpace
from tuwen.methods.validation import both_ways


@dataclass(kw_only=True, eq=False)
class CDPAE(NetworkSpace):
    """Keeps, within and between modalities, the distances that pairs had in both; then scores by neighbours.

    With d the cosine distance and D = sqrt(d(x, x') d(y, y')), lowers mean d(u, v) of pairs, plus preserving
    * mean |d - D| over (u, v'), (u, u') and (v, v'), plus reconstruction * squared error of autoencoders that
    see features with zeros. An image and a text are then as close as their nearest training items are to
    each other in the common space (`similarity`); `transform` gives vectors without that stage.
    Differs from the paper: features are left out item by item, not the same ones for a batch; the released
    code's weight decay, which it never adds, is left out; neighbours are chosen on validation pairs.

    Args:
        dim: Width of the common space.
        preserving: Weight of the distances.
        reconstruction: Weight of the decoders.
        image_mask: Share of an image's features that are zeroed while training.
        text_mask: The same for texts.
        neighbours: Training items that count for a score; 0 for none, -1 for what does best on the
            held-out pairs of 10, 30, 100, 300 and 1000.
    """

    paper = Paper(
        "Comprehensive Distance-Preserving Autoencoders for Cross-Modal Retrieval",
        "Zhan, Yu, Yu, Zheng, Tao",
        "ACM Multimedia",
        2018,
        "https://doi.org/10.1145/3240508.3240607",
    )

    learning_rate: float = 1e-4
    batch_size: int = 64
    epochs: int = 200
    dim: int = 1024
    preserving: float = 0.3
    reconstruction: float = 0.001
    image_mask: float = 0.5
    text_mask: float = 0.7
    neighbours: int = -1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.neighbours < -1:
            raise InputError(f"neighbours is {self.neighbours}; it is a count, 0 for none, or -1 to choose")

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        widths = {"image": d_image, "text": d_text}
        towers = {
            name: nn.Sequential(nn.Linear(width, self.dim), nn.Tanh()) for name, width in widths.items()
        }
        return nn.ModuleDict(
            towers | {f"{name}_again": mlp(self.dim, width) for name, width in widths.items()}
        )

    def _step(self, batch: Batch) -> Tensor:
        x = functional.dropout(batch.x, self.image_mask) * (1 - self.image_mask)
        y = functional.dropout(batch.y, self.text_mask) * (1 - self.text_mask)
        return self._loss(self._code(x, "image"), self._code(y, "text"), batch)

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        apart = [1 - cosines(part, part) for part in (batch.x, batch.y)]
        kept = (apart[0].clamp(min=0) * apart[1].clamp(min=0) + 1e-5).sqrt()
        between = 1 - cosines(u, v)
        preserved = [between, 1 - cosines(u, u), 1 - cosines(v, v)]
        lost = torch.stack([(one - kept).abs().mean() for one in preserved]).sum()
        x, y = self.net_["image_again"](u), self.net_["text_again"](v)
        again = (x - batch.x).square().sum(dim=1).mean() + (y - batch.y).square().sum(dim=1).mean()
        return between.diagonal().mean() + self.preserving * lost + self.reconstruction * again

    def _finish(self, images: Array, texts: Array, labels: Array) -> None:
        self.widths_ = {"image": images.shape[-1], "text": texts.shape[-1]}
        self.known_ = {"image": self.transform(images, "image"), "text": self.transform(texts, "text")}
        self.counted_ = max(self.neighbours, 0)
        held = self.chosen_on
        if self.neighbours == -1 and held is not None:
            found = held[2] if held[2] is not None and held[2].any() else None
            tried = {}
            for self.counted_ in (0, *(count for count in (10, 30, 100, 300, 1000) if count <= len(images))):
                tried[self.counted_] = both_ways(self.similarity(held[0], held[1]), found)
            self.counted_ = max(tried, key=lambda count: tried[count])

    def similarity(self, images: Array, texts: Array) -> Array:
        """Score every image against every text, (n_images, n_texts), by their nearest training items."""
        if not getattr(self, "counted_", 0):
            return super().similarity(images, texts)
        near = self._near(images, "image")
        between = self.known_["image"] @ self.known_["text"].T
        np.fill_diagonal(between, 1)  # a pair is one thing
        return np.asarray(near @ between @ self._near(texts, "text").T, dtype=np.float32)

    def _near(self, features: Array, modality: Modality) -> Array:
        """Cosines with the nearest training items of the modality, zero elsewhere: unit rows (n, n_train)."""
        scores = self.transform(features, modality) @ self.known_[modality].T
        least = np.partition(scores, -self.counted_, axis=1)[:, -self.counted_, None]
        return unit_rows(np.where(scores >= least, scores, 0))
