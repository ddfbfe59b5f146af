"""Images and the texts that belong to them, as features, and the parts of a benchmark."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Images and the texts that belong to them.

    Attributes:
        images: (n, d) features, or (n, parts, d) where an image is a set of regions; None when they are
            still to be looked up or encoded.
        texts: (m, d) features, or (m, parts, d); None when only `captions` are there.
        labels: Of the images: class numbers or names (n,), or multi-hot (n, classes); None without.
        image_ids: n names; row numbers when the data has none.
        text_ids: m names.
        image_of_text: (m,) the row of the image a text belongs to; several texts may name one image.
        captions: m texts as they were written; empty when the data has features only.
        classes: Names of the classes that `labels` numbers; empty when unknown.
    """

    images: Array | None
    texts: Array | None
    image_ids: tuple[str, ...]
    text_ids: tuple[str, ...]
    image_of_text: Array
    labels: Array | None = None
    captions: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n, m = len(self.image_ids), len(self.text_ids)
        for name, values, count in (
            ("images", self.images, n),
            ("texts", self.texts, m),
            ("labels", self.labels, n),
            ("image_of_text", self.image_of_text, m),
            ("captions", self.captions or None, m),
        ):
            if values is not None and len(values) != count:
                of = "text" if count == m and name not in ("images", "labels") else "image"
                raise InputError(f"{name} has {len(values)} rows but there are {count} {of} ids")
        rows = self.image_of_text
        if m and (rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= n):
            raise InputError(f"image_of_text must hold row numbers of the {n} images, from 0 on")

    @property
    def aligned(self) -> tuple[Array, Array, Array | None]:
        """Images, texts and labels with one row a pair, as `Method.fit` takes them.

        Raises:
            InputError: A side has no features yet.
        """
        images, texts = self.features
        rows = self.image_of_text
        straight = len(rows) == len(images) and np.array_equal(rows, np.arange(len(rows)))
        labels = self.labels
        if straight:
            return images, texts, labels
        return images[rows], texts, None if labels is None else labels[rows]

    @property
    def features(self) -> tuple[Array, Array]:
        """Both sides.

        Raises:
            InputError: One has no features yet.
        """
        if self.images is None or self.texts is None:
            lacking = "images" if self.images is None else "texts"
            raise InputError(f"the {lacking} have no features yet; encode them, or name a file of features")
        return self.images, self.texts

    @property
    def text_labels(self) -> Array | None:
        """The labels of the texts: those of their images."""
        return None if self.labels is None else self.labels[self.image_of_text]

    def take(self, images: Array) -> Pairs:
        """The pairs of some images, in the order given, with all their texts.

        Args:
            images: Row numbers, each at most once.
        """
        images = np.asarray(images)
        place = np.full(len(self.image_ids), -1, dtype=np.int64)
        place[images] = np.arange(len(images))
        texts = np.flatnonzero(place[self.image_of_text] >= 0)
        texts = texts[np.argsort(place[self.image_of_text[texts]], kind="stable")]
        return Pairs(
            images=None if self.images is None else self.images[images],
            texts=None if self.texts is None else self.texts[texts],
            image_ids=tuple(self.image_ids[row] for row in images),
            text_ids=tuple(self.text_ids[row] for row in texts),
            image_of_text=place[self.image_of_text[texts]],
            labels=None if self.labels is None else self.labels[images],
            captions=tuple(self.captions[row] for row in texts) if self.captions else (),
            classes=self.classes,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Splits:
    """A benchmark, cut as a paper cut it.

    Attributes:
        dataset: Its name, or the file the pairs came from.
        split: How it was cut.
        features: Which features these are.
        train: What methods learn from.
        test: What is scored, once, at the end.
        val: What settings are chosen on; None when the split has none.
        database: What hashing papers search with the test queries; None for the training pairs.
        files: SHA-256 of every file that was read, by name.
        notes: What a reader of figures must know, such as files that are not the published ones.
    """

    dataset: str
    split: str
    features: str
    train: Pairs
    test: Pairs
    val: Pairs | None = None
    database: Pairs | None = None
    files: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def paired(images: Array, texts: Array, labels: Array | None = None, **more: tuple[str, ...]) -> Pairs:
    """Pairs of which row i of both sides belongs together; names are row numbers unless given.

    Raises:
        InputError: Rows do not align.
    """
    if len(images) != len(texts):
        raise InputError(f"images has {len(images)} rows but texts has {len(texts)}; they must align")
    numbers = tuple(str(row) for row in range(len(images)))
    return Pairs(
        images=images,
        texts=texts,
        labels=labels,
        image_ids=more.pop("image_ids", numbers),
        text_ids=more.pop("text_ids", numbers),
        image_of_text=np.arange(len(images)),
        **more,
    )
