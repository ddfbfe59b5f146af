"""What is trained on: pictures with their texts and classes, as pixels and token ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tuwen.ahead import ahead
from tuwen.arrays import Array
from tuwen.data import open_source
from tuwen.encoders.base import opened
from tuwen.encoders.inputs.recipe import Recipe
from tuwen.encoders.inputs.tokens import Tokens
from tuwen.errors import InputError, PictureError
from tuwen.records import Picture, Record, Refusal

ENOUGH = 20  # pictures, from which on some are held out
MOST = 1000  # of them
_BLOCK = 4096  # texts

Progress = Callable[[str, int, int | None], None]


@dataclass(kw_only=True)
class Material:
    """Pictures, the texts of each, and their classes.

    Attributes:
        pictures: (n) as the source names them.
        texts: (m) each as it stands.
        texts_of: Rows of the texts of each picture, at least one.
        labels: (n) class names, empty where there is none.
        refusals: What was left out, and why.
    """

    pictures: list[Picture]
    texts: list[str]
    texts_of: list[Array]
    labels: list[str]
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def classes(self) -> Array | None:
        """(n, n_classes) multi-hot; None when a picture has no class, or all have the same."""
        names, rows = np.unique(self.labels, return_inverse=True)
        if len(names) < 2 or "" in names:
            return None
        return np.eye(len(names), dtype=np.float32)[rows]

    def take(self, rows: Sequence[int] | Array) -> Material:
        """Some of the pictures with their texts; refusals stay behind."""
        kept = [self.texts_of[row] for row in rows]
        used = np.unique(np.concatenate(kept)) if kept else np.empty(0, np.int64)
        return Material(
            pictures=[self.pictures[row] for row in rows],
            texts=[self.texts[row] for row in used],
            texts_of=[np.searchsorted(used, part) for part in kept],
            labels=[self.labels[row] for row in rows],
        )

    def held_out(self, share: float, seed: int) -> tuple[Material, Material]:
        """What is learned from and what is held out: whole pictures, at most 1000, none of fewer than 20."""
        count = min(MOST, round(share * len(self.pictures))) if len(self.pictures) >= ENOUGH else 0
        order = np.random.default_rng(seed).permutation(len(self.pictures))
        return self.take(np.sort(order[count:])), self.take(np.sort(order[:count]))


def read(spec: str | Path, *, labels: str | None = None, **columns: Any) -> Material:
    """Read pairs; a picture that several rows name is one with several texts.

    Args:
        spec: A source of pictures and texts, as `data.open_source` takes it.
        labels: The column of class names.
        columns: Further arguments of `open_source`.

    Raises:
        InputError: There are no pairs.
    """
    source = open_source(spec, label_column=labels, **columns)
    pictures: dict[str, Picture] = {}
    of: dict[str, list[int]] = {}
    names: dict[str, str] = {}
    texts: list[str] = []
    refusals: list[Refusal] = []
    for record in source.records():
        if not isinstance(record, Record):
            refusals.append(record)
            continue
        if not record.images or not record.texts:
            continue
        rows = list(range(len(texts), len(texts) + len(record.texts)))
        texts += [text.text for text in record.texts]
        for picture in record.images:
            pictures.setdefault(picture.path, picture)
            of.setdefault(picture.path, []).extend(rows)
            if record.label:
                names.setdefault(picture.path, record.label)
    if not pictures:
        first = f"; the first of {len(refusals)} left out: {refusals[0].reason}" if refusals else ""
        raise InputError(
            f"{source.path} has no record with a picture and a text{first}; name a table with a column of "
            "pictures and one of texts"
        )
    return Material(
        pictures=list(pictures.values()),
        texts=texts,
        texts_of=[np.array(of[path], dtype=np.int64) for path in pictures],
        labels=[names.get(path, "") for path in pictures],
        refusals=refusals,
    )


class Pixels:
    """Pictures as (size, size, 3) uint8: all of them in memory, or each decoded when it is asked for.

    Attributes:
        recipe: How they are prepared.
        bad: Rows that cannot be decoded, with the reason; known beforehand only when all are in memory.
    """

    def __init__(
        self,
        pictures: list[Picture],
        recipe: Recipe,
        *,
        budget: int,
        progress: Progress = lambda step, done, total: None,
    ) -> None:
        """Decode all pictures in threads when they fit.

        Args:
            pictures: To decode.
            recipe: How they are prepared.
            budget: Bytes that they may hold.
            progress: Follows the decoding.
        """
        self.recipe, self._pictures = recipe, pictures
        self.bad: dict[int, PictureError] = {}
        self._kept: Array | None = None
        if len(pictures) * self._weight > budget:
            return
        kept = np.zeros((len(pictures), recipe.size, recipe.size, 3), dtype=np.uint8)
        for row, pixels in ahead(self._made, range(len(pictures)), weigh=lambda row: self._weight):
            if pixels is not None:
                kept[row] = pixels
            progress("reading pictures", row + 1, len(pictures))
        self._kept = kept

    def take(self, rows: Array) -> tuple[Array, Array]:
        """Pixels (b, size, size, 3) of those of the rows that can be decoded, and which of them, (b,)."""
        if self._kept is not None:
            good = np.array([place for place, row in enumerate(rows) if row not in self.bad], dtype=np.int64)
            return self._kept[rows[good]], good
        made = [self._made(int(row)) for row in rows]
        good = np.array([place for place, pixels in enumerate(made) if pixels is not None], dtype=np.int64)
        if not len(good):
            return np.empty((0, self.recipe.size, self.recipe.size, 3), np.uint8), good
        return np.stack([made[place] for place in good]), good

    def drop_bad(self) -> Array:
        """Forget the pictures that cannot be decoded; which rows stay, (n,)."""
        good = np.array([row for row in range(len(self._pictures)) if row not in self.bad], dtype=np.int64)
        if self.bad:
            self._pictures = [self._pictures[row] for row in good]
            self._kept = None if self._kept is None else self._kept[good]
            self.bad = {}
        return good

    @property
    def _weight(self) -> int:
        return 3 * self.recipe.size**2

    def _made(self, row: int) -> Array | None:
        try:
            picture = opened(self._pictures[row], self.recipe.edge or self.recipe.size)
            return self.recipe.pixels(picture)
        except PictureError as error:
            self.bad[row] = error
            return None


def refused(picture: Picture, error: PictureError) -> Refusal:
    """A picture that cannot be decoded, for the list."""
    return Refusal(item=picture.path, code=error.code, reason=str(error))


@dataclass(frozen=True)
class Ids:
    """Texts as token ids.

    Attributes:
        ids: (m, t) int32, padded.
        mask: (m, t) uint8, 1 a token.
        cut: Texts that were longer than the network reads.
    """

    ids: Array
    mask: Array
    cut: int

    @classmethod
    def of(cls, tokens: Tokens, texts: Sequence[str]) -> Ids:
        """Texts by a tokenizer; an empty one has one padding token, so that it can be pooled."""
        before = tokens.cut
        parts = [tokens(texts[start : start + _BLOCK]) for start in range(0, len(texts), _BLOCK)]
        length = max((ids.shape[1] for ids, _ in parts), default=1) or 1
        ids = np.full((len(texts), length), tokens.recipe.pad_id, dtype=np.int32)
        mask = np.zeros((len(texts), length), dtype=np.uint8)
        for start, (some, there) in zip(range(0, len(texts), _BLOCK), parts, strict=True):
            ids[start : start + len(some), : some.shape[1]] = some
            mask[start : start + len(some), : some.shape[1]] = there
        mask[~mask.any(axis=1), 0] = 1
        return cls(ids, mask, tokens.cut - before)

    def take(self, rows: Array) -> tuple[Array, Array]:
        """Ids and mask (b, longest) int64 of some texts."""
        mask = self.mask[rows]
        longest = int(mask.sum(axis=1).max(initial=1))
        return self.ids[rows, :longest].astype(np.int64), mask[:, :longest].astype(np.int64)
