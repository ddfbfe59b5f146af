"""Wrong labels, on purpose: how much a method suffers from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tuwen.datasets import Pairs
from tuwen.errors import InputError


def wrong_labels(pairs: Pairs, share: float, seed: int) -> Pairs:
    """Pairs of which a share has another class than the true one, all other classes alike (symmetric noise).

    Args:
        pairs: With one class an image.
        share: Of the images, from 0 to below 1; so many are changed, rounded.
        seed: Which ones, and to what.

    Raises:
        InputError: The share is out of range, or there is not one class an image.
    """
    if not 0 <= share < 1:
        raise InputError(f"noise is {share}; it is a share from 0 to below 1")
    if not share:
        return pairs
    labels = pairs.labels
    if labels is None or labels.ndim != 1:
        kind = "no labels" if labels is None else "several labels an image"
        raise InputError(f"noise is {share}, but the training pairs have {kind}; it needs one class an image")
    classes, numbers = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise InputError(f"noise is {share}, but there is one class only, so no other to name")
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(labels))[: round(share * len(labels))]
    numbers[rows] = (numbers[rows] + rng.integers(1, len(classes), len(rows))) % len(classes)
    return replace(pairs, labels=classes[numbers])
