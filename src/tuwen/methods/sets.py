"""Bases of networks on sets of parts: regions or patches of images, words of texts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen.arrays import MODALITIES, Array, Modality
from tuwen.errors import InputError
from tuwen.methods.base import CommonSpace
from tuwen.methods.layers import cosines, every_triplet, hardest_triplet
from tuwen.methods.network import Batch, Network, NetworkCoder, Pairs
from tuwen.methods.validation import held_out

_ENOUGH = 500  # pairs that choose the epoch: all are scored with all, part by part
_CELLS = 1 << 24  # numbers that a block of scores may take at once: 64 MiB
_IMAGES = 64  # images of a block
_ROWS = 256  # items that are coded at once


@dataclass(kw_only=True, eq=False)
class SetNetwork(Network):
    """A network whose items are sets of parts, (n, parts, d); zero rows are padding.

    Several texts may belong to one image, which is then kept once; texts of one image are never each
    other's wrong partners.

    Args:
        margin: How far a pair must lie above its hardest wrong partner.
        gentle: Share of the training that all wrong partners count, not the hardest alone.
    """

    takes_sets = True

    margin: float = 0.2
    gentle: float = 0.1

    def fit(
        self,
        images: Array,
        texts: Array,
        labels: Array | None = None,
        validation: Pairs | None = None,
        image_of_text: Array | None = None,
    ) -> Self:
        """Learn from sets of features.

        Args:
            images: (n, parts, d_image).
            texts: (m, words, d_text).
            labels: (m,) class numbers or (m, n_classes) multi-hot, for methods that need them.
            validation: Images, texts and labels, row i of each belonging together, that choose the epoch;
                some of the images are held out with their texts when None.
            image_of_text: (m,) the row of `images` that a text belongs to; text i to image i when None.

        Raises:
            InputError: As for every method; or a row of `image_of_text` names no image.
        """
        self._image_of_text = _rows(image_of_text, len(images), len(texts))
        try:
            return super().fit(images, texts, labels, validation)
        finally:
            del self._image_of_text

    def _pairs(self, images: Array, texts: Array) -> int:
        return len(self._image_of_text)

    def _parts(self, images: Array, texts: Array, labels: Array) -> tuple[list[Array], Pairs | None]:
        if self._validation is not None:
            learned, chosen = super()._parts(images, texts, labels)
            assert isinstance(chosen, tuple)
            some = np.linspace(0, len(chosen[0]) - 1, min(_ENOUGH, len(chosen[0]))).astype(int)
            return learned, (chosen[0][some], chosen[1][some], None)
        if not 0 <= self.validation < 1:
            raise InputError(f"validation is {self.validation}; it is a share from 0 up to 1")
        named, first = np.unique(self._image_of_text, return_index=True)
        rows, left = held_out(len(named), self.validation, self.seed)
        left = left[:_ENOUGH]
        if len(left) < 2 or len(rows) < 2:
            return [images, texts, labels], None
        kept = ~np.isin(self._image_of_text, named[left])
        self._image_of_text = self._image_of_text[kept]
        return [images, texts[kept], labels[kept]], (images[named[left]], texts[first[left]], None)

    def _image_rows(self, rows: Tensor) -> Tensor:
        return torch.from_numpy(self._image_of_text)[rows]

    def _hinge(self, scores: Tensor, batch: Batch) -> Tensor:
        """The loss of scores (b, b): pairs above their hardest wrong partners, at first above all."""
        images = self._image_rows(batch.rows.cpu()).to(scores.device)
        same = images[:, None] == images[None]
        same.fill_diagonal_(False)
        triplet = every_triplet if batch.progress < self.gentle else hardest_triplet
        return triplet(scores.masked_fill(same, -torch.inf), self.margin)


@dataclass(kw_only=True, eq=False)
class SetSpace(SetNetwork, NetworkCoder, CommonSpace):
    """Pools sets into vectors of one space, which can be indexed; a subclass writes `_code`."""

    _at_once = _ROWS

    def _step(self, batch: Batch) -> Tensor:
        u, v = self._code(batch.x, "image"), self._code(batch.y, "text")
        return self._hinge(cosines(u, v).float(), batch)

    @abstractmethod
    def _code(self, batch: Tensor, modality: Modality) -> Tensor:
        """Vectors of sets (b, parts, d), (b, dim); zeros for a set of padding alone."""


@dataclass(kw_only=True, eq=False)
class SetScorer(SetNetwork):
    """Scores pairs of sets, a block of pairs at a time; a subclass writes `_code` and `_score`."""

    def __post_init__(self) -> None:
        for name, value in self.params.items():
            if name in ("dim", "steps", "sim_dim", "embeddings") and value < 1:
                raise InputError(f"{name} is {value}; it must be at least 1")

    def similarity(self, images: Array, texts: Array) -> Array:
        """Scores, (n_images, n_texts); memory beside them and the features stays bounded."""
        sides = [self._check(part, name) for part, name in zip((images, texts), MODALITIES, strict=True)]
        scores = np.zeros((len(images), len(texts)), dtype=np.float32)
        if not scores.size:
            return scores
        with torch.inference_mode():
            x, y = (self._coded(part, name) for part, name in zip(sides, MODALITIES, strict=True))
            lengths = present(y).sum(dim=1).cpu()
            order = torch.argsort(lengths, stable=True)  # texts of like length hold little padding
            for columns in self._blocks(order, x, y):
                words = y[columns]
                words = words[:, : max(1, _reach(words))]
                for start in range(0, len(x), _IMAGES):
                    block = self._score(x[start : start + _IMAGES], words)
                    scores[start : start + _IMAGES, columns.numpy()] = block.float().cpu().numpy()
        return scores

    def _blocks(self, order: Tensor, x: Tensor, y: Tensor) -> Iterator[Tensor]:
        images = min(_IMAGES, len(x))
        size = max(1, _CELLS // (images * max(1, self._cells(x.shape[1], y.shape[1]))))
        yield from order.split(size)

    def _cells(self, regions: int, words: int) -> int:
        """About how many numbers `_score` holds for one pair."""
        return 4 * regions * words

    def _coded(self, features: Array, modality: Modality) -> Tensor:
        parts = [self._code(batch, modality) for batch in self._batches(features, modality, _ROWS)]
        return torch.cat(parts)

    def _step(self, batch: Batch) -> Tensor:
        x, y = self._code(batch.x, "image"), self._code(batch.y, "text")
        return self._hinge(self._score(x, y).float(), batch)

    @abstractmethod
    def _code(self, batch: Tensor, modality: Modality) -> Tensor:
        """Parts in the common width, (b, parts, dim); padding stays zero, everything else does not."""

    @abstractmethod
    def _score(self, x: Tensor, y: Tensor) -> Tensor:
        """Scores (n, m) of coded images (n, regions, dim) with coded texts (m, words, dim)."""


class Words(nn.Module):
    """A bidirectional recurrent network over the parts of a set, in their order; the mean of both ways."""

    def __init__(self, d: int, dim: int) -> None:
        super().__init__()
        self.recurrent = nn.GRU(d, dim, batch_first=True, bidirectional=True)

    def forward(self, batch: Tensor) -> Tensor:
        """(b, words, d) to (b, words, dim), with the padding at the end."""
        batch = packed_first(batch)
        there = present(batch)
        lengths = there.sum(dim=1).clamp(min=1).cpu()
        rows = nn.utils.rnn.pack_padded_sequence(batch, lengths, batch_first=True, enforce_sorted=False)
        states, _ = nn.utils.rnn.pad_packed_sequence(
            self.recurrent(rows)[0], batch_first=True, total_length=batch.shape[1]
        )
        forth, back = states.chunk(2, dim=-1)
        mean: Tensor = (forth + back) / 2 * there[..., None]
        return mean


class Last(nn.Module):
    """The last state of a recurrent network that reads the parts of a set in their order."""

    def __init__(self, d: int, dim: int) -> None:
        super().__init__()
        self.recurrent = nn.GRU(d, dim, batch_first=True)

    def forward(self, batch: Tensor, there: Tensor) -> Tensor:
        """(b, parts, d), the parts that are `there`, (b, parts), before all others, to (b, dim)."""
        lengths = there.sum(dim=1)
        rows = nn.utils.rnn.pack_padded_sequence(
            batch, lengths.clamp(min=1).cpu(), batch_first=True, enforce_sorted=False
        )
        state: Tensor = self.recurrent(rows)[1][0]
        return state * (lengths > 0)[:, None]


def packed_first(batch: Tensor) -> Tensor:
    """The same sets (b, parts, d) with their padding at the end."""
    there = present(batch)
    order = torch.argsort((~there).to(torch.uint8), dim=1, stable=True)
    return batch.gather(1, order[..., None].expand_as(batch))


def unit(values: Tensor) -> Tensor:
    """Rows of length one; zero rows stay."""
    return functional.normalize(values, dim=-1)


def attend(queries: Tensor, contexts: Tensor, sharpness: float) -> tuple[Tensor, Tensor]:
    """Where each part of a query looks in every context (SCAN, Lee et al. 2018, section 3.1).

    Cosines below zero count a tenth, are scaled to length one over the parts of the query, and go through
    a softmax over the parts of the context, as the authors' code has it.

    Args:
        queries: (m, w, d) unit rows or zeros.
        contexts: (n, r, d), the same.
        sharpness: Factor before the softmax.

    Returns:
        Attention and cosines, both (n, m, w, r). Padding gets no
        attention, unless a context has nothing else.
    """
    n, r, _ = contexts.shape
    m, w, _ = queries.shape
    agreement = (contexts.flatten(0, 1) @ queries.flatten(0, 1).T).view(n, r, m, w).permute(0, 2, 3, 1)
    agreement = agreement.contiguous()
    return weigh(agreement, present(contexts), sharpness), agreement


def weigh(agreement: Tensor, there: Tensor, sharpness: float) -> Tensor:
    """Attention from cosines (n, m, w, r) with the parts of contexts that are `there`, (n, r)."""
    clipped = functional.normalize(functional.leaky_relu(agreement, 0.1), dim=2)
    hidden = ~there[:, None, None]
    # not minus infinity: a context without any part would give no number
    return functional.softmax((sharpness * clipped).masked_fill(hidden, -1e4), dim=-1)


def mean_over(values: Tensor, there: Tensor) -> Tensor:
    """Means over the last axis of (..., w) where `there`; 0 where nothing is."""
    mean: Tensor = (values * there).sum(dim=-1) / there.sum(dim=-1).clamp(min=1)
    return mean


def present(batch: Tensor) -> Tensor:
    """Which parts are no padding, (b, parts)."""
    return batch.any(dim=-1)


def _reach(batch: Tensor) -> int:
    """How many parts there are up to the last that is no padding in all sets."""
    there = present(batch).any(dim=0).nonzero()
    return int(there[-1]) + 1 if len(there) else 0


def _rows(image_of_text: Array | None, images: int, texts: int) -> Any:
    if image_of_text is None:
        return np.arange(images)
    rows = np.asarray(image_of_text)
    if rows.shape != (texts,) or rows.dtype.kind not in "iu":
        raise InputError(
            f"image_of_text has shape {rows.shape}; it is one row number for each of {texts} texts"
        )
    if texts and (rows.min() < 0 or rows.max() >= images):
        raise InputError(f"image_of_text names row {rows.max()} or below 0, but there are {images} images")
    return rows.astype(np.int64)
