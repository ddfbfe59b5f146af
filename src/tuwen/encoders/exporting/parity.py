"""How near the vectors of an exported encoder are to its source's, item by item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tuwen.arrays import Array, top_k
from tuwen.encoders.base import Encoder, Source

NEIGHBOURS = 10


def compare(
    source: Encoder, exported: Encoder, images: Sequence[Source], texts: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Encode the same items with both and compare, by modality.

    Returns:
        For `image` and `text`, as far as there are items: `items`, their number; `minimum` and `mean`
        of the cosines of each with itself; `neighbours`, the share of the ten nearest others of each
        item that both agree on.
    """
    found = {}
    if images and "image" in exported.modalities:
        found["image"] = _agreement(source.encode_images(images), exported.encode_images(images))
    if texts and "text" in exported.modalities:
        found["text"] = _agreement(source.encode_texts(texts), exported.encode_texts(texts))
    return found


def _agreement(one: Array, other: Array) -> dict[str, Any]:
    cosines = np.einsum("nd,nd->n", one.astype(np.float64), other.astype(np.float64))
    return {
        "items": len(one),
        "minimum": round(float(cosines.min()), 6),
        "mean": round(float(cosines.mean()), 6),
        "neighbours": _shared(one, other),
    }


def _shared(one: Array, other: Array) -> float | None:
    """The share of nearest others that both agree on; None for a single item."""
    k = min(NEIGHBOURS, len(one) - 1)
    if k < 1:
        return None
    sides = []
    for vectors in (one, other):
        scores = vectors @ vectors.T
        np.fill_diagonal(scores, -2)
        sides.append(top_k(scores, k)[0])
    hits = sum(len(np.intersect1d(a, b)) for a, b in zip(*sides, strict=True))
    return round(hits / (k * len(one)), 4)
