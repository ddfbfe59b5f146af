"""What the loop trains for classes: a network and one layer, by cross-entropy; accuracy held out."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.training.dual import cut_out, random_cuts
from tuwen.training.image_networks import ImageNetwork
from tuwen.training.material import Ids, Pixels
from tuwen.training.task import Task
from tuwen.training.text_networks import TextNetwork

SCALE = 16.0
"""What unit features are multiplied with, so that a layer of small weights can be sure of a class."""
_BATCH = 64


class Classify(Task):
    """A network with a layer of classes behind.

    Args:
        network: What gives features.
        width: Columns of the features.
        classes: Names of the classes.
        numbers: (n,) class of each item to learn from.
        held: (m,) class of each item held out.
        dropout: Share of the features left out while learning.
        about: What it is, as JSON.
    """

    def __init__(
        self,
        network: nn.Module,
        width: int,
        classes: list[str],
        numbers: Array,
        held: Array,
        *,
        dropout: float,
        about: dict[str, Any],
    ) -> None:
        if not 0 <= dropout < 1:
            raise InputError(f"dropout is {dropout}; it is a share from 0 up to 1")
        self.classes, self.numbers, self.held = classes, numbers, held
        self.head = nn.Linear(width, len(classes))
        self.dropout = nn.Dropout(dropout)
        self.module = nn.ModuleDict({"network": network, "head": self.head, "dropout": self.dropout})
        self.count = len(numbers)
        self.about = {**about, "classes": classes, "items": len(numbers), "held out": len(held)}
        self.about["dropout"] = dropout

    def loss(self, batch: Any, progress: float) -> Tensor:
        """Mean cross-entropy of a batch."""
        *given, truth = (part.to(self.place.device, non_blocking=True) for part in batch)
        if not len(truth):  # none of its pictures could be decoded
            return sum(one.sum() * 0 for one in self.head.parameters())
        scores = self.head(self.dropout(self.features(*given)))
        return functional.cross_entropy(scores.float(), truth)

    def validate(self) -> float:
        """Share of the items held out whose class is right."""
        if not len(self.held):
            return float("nan")
        return float((self.probabilities().argmax(axis=1) == self.held).mean())

    def probabilities(self) -> Array:
        """(m, c) of the items held out; rows of pictures that cannot be decoded are alike."""
        made = []
        with torch.no_grad(), self.autocast():
            for start in range(0, len(self.held), _BATCH):
                rows = np.arange(start, min(start + _BATCH, len(self.held)))
                given = [part.to(self.place.device) for part in self.held_batch(rows)]
                made.append(self.head(self.features(*given)).float().softmax(dim=1).cpu())
        return np.asarray(torch.cat(made).numpy())

    @abstractmethod
    def features(self, *given: Tensor) -> Tensor:
        """(b, width) of what `load` gives but the last."""

    @abstractmethod
    def held_batch(self, rows: Array) -> tuple[Tensor, ...]:
        """Items held out, as `features` takes them."""

    def layer(self) -> tuple[Array, Array]:
        """Weights (width, c) and bias (c,) that give logits from the features as they are saved."""
        weights = self.head.weight.detach().cpu().double().numpy().T
        return np.array(weights), np.array(self.head.bias.detach().cpu().double().numpy())


class ClassifyTexts(Classify):
    """Classes of texts."""

    def __init__(self, text: TextNetwork, learned_ids: Ids, held_ids: Ids, **more: Any) -> None:
        super().__init__(text.network, text.width, **more)
        self.text, self.learned_ids, self.held_ids = text, learned_ids, held_ids

    def load(self, rows: Array, seed: tuple[int, ...]) -> tuple[Tensor, ...]:
        """Token ids, mask and classes."""
        parts = (*self.learned_ids.take(rows), self.numbers[rows])
        return tuple(torch.from_numpy(np.ascontiguousarray(part)) for part in parts)

    def features(self, *given: Tensor) -> Tensor:
        """Of ids and mask."""
        found: Tensor = self.text.network(*given)
        return found

    def held_batch(self, rows: Array) -> tuple[Tensor, ...]:
        """Ids and mask."""
        return tuple(torch.from_numpy(part) for part in self.held_ids.take(rows))


class ClassifyPictures(Classify):
    """Classes of pictures; features are unit rows, as collections keep them."""

    def __init__(self, image: ImageNetwork, learned_pixels: Pixels, held_pixels: Pixels, **more: Any) -> None:
        super().__init__(image.network, image.width, **more)
        self.image, self.learned_pixels, self.held_pixels = image, learned_pixels, held_pixels

    def load(self, rows: Array, seed: tuple[int, ...]) -> tuple[Tensor, ...]:
        """Pixels, where each is cut, and classes, of those that can be decoded."""
        cuts = random_cuts(len(rows), self.learned_pixels.recipe.size, np.random.default_rng(seed))
        pixels, good = self.learned_pixels.take(rows)
        parts = (pixels, cuts[good], self.numbers[rows[good]])
        return tuple(torch.from_numpy(np.ascontiguousarray(part)) for part in parts)

    def features(self, *given: Tensor) -> Tensor:
        """Of pixels (b, s, s, 3) uint8 and cuts; without cuts, of whole pictures."""
        pixels = (
            cut_out(given[0], given[1], self.image.recipe.size)
            if len(given) > 1
            else given[0].permute(0, 3, 1, 2).float()
        )
        return functional.normalize(self.image.features(pixels).float()) * SCALE

    def held_batch(self, rows: Array) -> tuple[Tensor, ...]:
        """Pixels; black where a picture cannot be decoded."""
        size = self.held_pixels.recipe.size
        whole = np.zeros((len(rows), size, size, 3), dtype=np.uint8)
        pixels, good = self.held_pixels.take(rows)
        whole[good] = pixels
        return (torch.from_numpy(whole),)

    def layer(self) -> tuple[Array, Array]:
        """As for unit features without the scale."""
        weights, bias = super().layer()
        return weights * SCALE, bias
