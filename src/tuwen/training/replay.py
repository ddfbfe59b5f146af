"""Learning on without forgetting: old pairs mixed in, and how much of them is still found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.training.clip_pairs import Pairs, mean_recall


def joined(new: Pairs, old: Pairs) -> Pairs:
    """Both in one; pairs of `old` come after those of `new`.

    A picture or a text of both is one item, so that it is no negative of itself.
    """
    places = {picture.path: row for row, picture in enumerate(new.pictures)}
    words = {text: row for row, text in enumerate(new.texts)}
    pictures, texts = list(new.pictures), list(new.texts)
    prepared, image_of, text_of = dict(new.prepared), {}, {}
    for row, picture in enumerate(old.pictures):
        if picture.path not in places:
            places[picture.path] = len(pictures)
            pictures.append(picture)
        image_of[row] = places[picture.path]
        if row in old.prepared:
            prepared[image_of[row]] = old.prepared[row]
    for row, text in enumerate(old.texts):
        if text not in words:
            words[text] = len(texts)
            texts.append(text)
        text_of[row] = words[text]
    moved = [(image_of[int(image)], text_of[int(text)]) for image, text in old.matches]
    matches = np.concatenate([new.matches, np.array(moved, dtype=np.int64).reshape(-1, 2)])
    return Pairs(pictures, texts, matches, [*new.refusals, *old.refusals], prepared)


def count(new: int, old: int, share: float) -> int:
    """How many old pairs an epoch has beside `new` ones, so that they are this share of it.

    Raises:
        InputError: The share is not from 0 up to 1.
    """
    if not 0 <= share < 1:
        raise InputError(f"replay_share is {share}; it is a share from 0 up to 1, such as 0.25")
    return min(old, round(new * share / (1 - share)))


def drawn(old: Array, number: int, seed: int, epoch: int) -> Array:
    """The old pairs of an epoch: others in each, each as often as the others."""
    order = np.random.default_rng(seed).permutation(old)
    start = epoch * number
    return np.take(order, np.arange(start, start + number), mode="wrap") if len(order) else order


def forgetting(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> float:
    """Points of mean recall that were lost; below zero when some were gained."""
    return mean_recall(before) - mean_recall(after)
