"""What a fusion learns from: a picture and words that ask, and the items that answer."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.datasets import Pairs
from tuwen.datasets.cutting import shuffled
from tuwen.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Triples:
    """Questions of a picture and words, and items, some of which answer each.

    Attributes:
        images: (n, d) unit rows of the pictures that ask.
        texts: (n, d) unit rows of the words that ask with them.
        items: (m, d) unit rows of what is looked for.
        group: (n,) which items answer: those of this number,
        item_group: (m,) of which each has one,
        own: (n,) but for this row of `items`, which the question itself holds; -1 for none.
        unit: (n,) questions and
        item_unit: (m,) items of one number stay in one part when these are cut.
    """

    images: Array
    texts: Array
    items: Array
    group: Array
    item_group: Array
    own: Array
    unit: Array
    item_unit: Array

    def __len__(self) -> int:
        return len(self.images)

    def part(self, units: Array) -> Triples:
        """The questions and items of some units; questions that no item answers are left out."""
        rows = np.flatnonzero(np.isin(self.unit, units))
        kept = np.flatnonzero(np.isin(self.item_unit, units))
        place = np.full(len(self.items) + 1, -1, dtype=np.int64)
        place[kept] = np.arange(len(kept))
        own = place[self.own[rows]]
        item_group = self.item_group[kept]
        answers = np.bincount(item_group, minlength=int(self.group.max(initial=0)) + 1)[self.group[rows]]
        good = answers > (own >= 0)
        rows, own = rows[good], own[good]
        return Triples(
            images=self.images[rows],
            texts=self.texts[rows],
            items=self.items[kept],
            group=self.group[rows],
            item_group=item_group,
            own=own,
            unit=self.unit[rows],
            item_unit=self.item_unit[kept],
        )

    def cut(self, share: float, seed: int) -> tuple[Triples, Triples, Triples]:
        """To learn from, to choose by, and to score once: both latter have the share, drawn by the seed."""
        units = np.unique(self.unit)
        order = units[shuffled(len(units), seed)]
        held = max(2, round(share * len(units)))  # among one alone nothing can be chosen
        return self.part(order[2 * held :]), self.part(order[:held]), self.part(order[held : 2 * held])

    def answers(self, random: np.random.Generator) -> Array:
        """For each question one of its items, drawn, (n,) rows of `items`."""
        order = np.argsort(self.item_group, kind="stable")
        rising = self.item_group[order]
        start = np.searchsorted(rising, self.group)
        count = np.searchsorted(rising, self.group, side="right") - start
        place = np.empty(len(order) + 1, dtype=np.int64)
        place[order] = np.arange(len(order))
        has = self.own >= 0
        drawn = (random.random(len(self)) * (count - has)).astype(np.int64)
        drawn += has & (drawn >= place[self.own] - start)  # steps over the question's own
        return np.asarray(order[start + drawn])


def given(images: Array, texts: Array, items: Array, row: Array) -> Triples:
    """Triples as they are given: `row` (n,) says which of the items (m, d) answers each question."""
    return Triples(
        images=images,
        texts=texts,
        items=items,
        group=row,
        item_group=np.arange(len(items)),
        own=np.full(len(row), -1, dtype=np.int64),
        unit=row,
        item_unit=np.arange(len(items)),
    )


def of_pairs(pairs: Pairs, kind: Modality) -> Triples:
    """Triples of a user's own pairs.

    A picture and one of its texts ask; for texts, its other texts answer, for images the other pictures
    of the same text, or of the same class.

    Raises:
        InputError: No picture has two texts, or no text or class has two pictures.
    """
    images, texts = pairs.features
    if images.ndim != 2 or images.shape[1] != texts.shape[1]:
        raise InputError(
            f"pictures have vectors of shape {images.shape} and words of {texts.shape}; a fusion needs both "
            "in one space: an encoder of both, such as mini"
        )
    of_text, of_image = pairs.relevance.T
    found = Triples(
        images=images[of_image],
        texts=texts[of_text],
        items=texts if kind == "text" else images,
        group=of_image,
        item_group=pairs.image_of_text,
        own=of_text,
        unit=of_image,
        item_unit=pairs.image_of_text,
    )
    if kind == "image":
        group = _of_images(pairs)
        found = replace(
            found,
            group=group[of_image],
            item_group=group,
            own=of_image,
            item_unit=np.arange(len(images)),
        )
    found = found.part(np.unique(found.unit))
    if not len(found):
        needed = (
            "a picture with two texts or more" if kind == "text" else "a text, or a class, with two pictures"
        )
        raise InputError(
            f"the pairs hold no answers: no {needed}; name a column of answers (--target-column), or look "
            f"for {'images' if kind == 'text' else 'texts'}"
        )
    return found


def _of_images(pairs: Pairs) -> Array:
    """A number for the pictures that belong together: by class, else by their first text."""
    labels = pairs.labels
    if labels is not None and labels.ndim == 1:
        numbers = np.unique(labels, return_inverse=True)[1]
        if labels.dtype.kind in "US" and (labels == "").any():  # of no class, so alone
            bare = np.flatnonzero(labels == "")
            numbers[bare] = numbers.max() + 1 + np.arange(len(bare))
        return np.asarray(numbers)
    group = np.arange(len(pairs.image_ids))
    for text, image in pairs.relevance:
        group[image] = min(group[image], group[pairs.image_of_text[text]])
    return group
