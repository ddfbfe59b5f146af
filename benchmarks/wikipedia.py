"""Wikipedia's official split for the benchmarks of shallow methods, and how these score it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

import common
from tuwen import datasets
from tuwen.methods import Hasher, Method
from tuwen.metrics import Codes, by_labels, mean_ap


class Part(NamedTuple):
    """Images (n, 128), texts (n, 10) and class numbers (n,)."""

    images: np.ndarray
    texts: np.ndarray
    labels: np.ndarray

    def rows(self, some: np.ndarray) -> Part:
        """Some of the pairs."""
        return Part(*(side[some] for side in self))


def parts() -> tuple[Part, Part] | None:
    """The 2,173 pairs to learn from and the 693 to score; None when the files are not there."""
    folder = common.data_folder()
    if folder is None or not (folder / "wikipedia" / "raw_features.mat").is_file():
        return None
    splits = datasets.load("wikipedia", "official", "sift+lda", data_root=folder)
    train, test = (Part(*side.aligned) for side in (splits.train, splits.test))
    return train, test


def among(method: Method, asked: Part, **options: Any) -> tuple[float, float]:
    """mAP@all of images asking texts and of texts asking images, among the given pairs themselves."""
    scores = method.similarity(asked.images, asked.texts, **options)
    true = by_labels(asked.labels, asked.labels)
    return mean_ap(scores, true).mean, mean_ap(np.ascontiguousarray(scores.T), true).mean


def searched(hasher: Hasher, asked: Part, held: Part) -> dict[str, tuple[float, float]]:
    """mAP@all of images and of texts asking among other pairs, by how those are coded."""
    codes = hasher.transform(asked.images, "image"), hasher.transform(asked.texts, "text")
    bases = {"modality": (hasher.transform(held.texts, "text"), hasher.transform(held.images, "image"))}
    if hasher.fuses:
        bases["fused"] = (hasher.database_codes(held.images, held.texts),) * 2
    true = by_labels(asked.labels, held.labels)
    found = {}
    for name, (texts, images) in bases.items():
        found[name] = mean_ap(Codes(codes[0], texts), true).mean, mean_ap(Codes(codes[1], images), true).mean
    return found
