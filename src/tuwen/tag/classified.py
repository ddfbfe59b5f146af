"""What a classifier says of pictures: of their vectors, or of the texts that belong to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tuwen import classes
from tuwen.arrays import Array
from tuwen.errors import InputError

if TYPE_CHECKING:
    from tuwen.collection import Collection


class Classified:
    """Probabilities of the classes of a collection's pictures.

    A classifier of vectors is asked about the stored ones. One of texts is asked about all texts of a
    picture's entity, and gives the mean; a picture without texts gets 0 for every class.

    Args:
        folder: That `classes.load` opens.
        collection: Whose pictures.

    Raises:
        InputError: It takes vectors of another width, or texts where the collection has none.
    """

    def __init__(self, folder: str | Path, collection: Collection) -> None:
        self._classifier: classes.Classifier[Any] = classes.load(folder)
        self._view = collection.store.view
        self.names = self._classifier.classes_
        self.reads_texts = self._classifier.takes == "texts"
        if self.reads_texts and not collection.count("text"):
            raise InputError(f"{folder} classifies texts, and {collection.path} has none beside its pictures")
        width = getattr(self._classifier, "width_", collection.width)
        if not self.reads_texts and width != collection.width:
            raise InputError(
                f"{folder} classifies vectors of width {width}, and those of {collection.path} have "
                f"{collection.width}; index with the encoder that it was trained with"
            )

    def probabilities(self, entities: Sequence[str], vectors: Array) -> Array:
        """(n, classes) of pictures.

        Args:
            entities: (n,) of each picture.
            vectors: (n, width).
        """
        if not self.reads_texts:
            return self._classifier.probabilities(vectors)
        rows: defaultdict[str, list[int]] = defaultdict(list)
        for row, entity in enumerate(entities):
            rows[entity].append(row)
        found = self._view.by_ids("texts", list(rows), ["entity", "text"], column="entity")
        shares = self._classifier.probabilities(found["text"].to_pylist())
        total = np.zeros((len(entities), len(self.names)), dtype=np.float32)
        counts = np.zeros((len(entities), 1), dtype=np.float32)
        for entity, share in zip(found["entity"].to_pylist(), shares, strict=True):
            total[rows[entity]] += share
            counts[rows[entity]] += 1
        return np.asarray(total / np.maximum(counts, 1))
