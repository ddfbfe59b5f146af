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
        matches: (p, 2) text row, image row, where a text is true for several images; `image_of_text` is then
            the first of them. None where every text has one image.
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
    matches: Array | None = None

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
        if self.matches is not None:
            self._check_matches(self.matches)

    def _check_matches(self, matches: Array) -> None:
        n, m = len(self.image_ids), len(self.text_ids)
        if matches.ndim != 2 or matches.shape[1] != 2 or matches.dtype.kind not in "iu":
            raise InputError(
                f"matches has shape {matches.shape} of {matches.dtype}; it is (p, 2) row numbers"
            )
        if len(matches) and (matches.min() < 0 or (matches.max(axis=0) >= (m, n)).any()):
            raise InputError(f"matches must hold rows of the {m} texts and of the {n} images, from 0 on")
        if len(np.unique(matches, axis=0)) < len(matches):
            raise InputError("matches has a pair of text and image twice; each pair stands once")
        own = np.unique(matches[:, 0] * n + matches[:, 1])
        if not np.isin(np.arange(m) * n + self.image_of_text, own).all():
            raise InputError("matches must hold the image of every text that image_of_text names")

    @property
    def aligned(self) -> tuple[Array, Array, Array | None]:
        """Images, texts and labels with one row a pair, as `Method.fit` takes them.

        A text of several images stands in a row with each of them.

        Raises:
            InputError: A side has no features yet.
        """
        images, texts = self.features
        if self.matches is not None:
            of_text, of_image = self.matches.T
            return images[of_image], texts[of_text], None if self.labels is None else self.labels[of_image]
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
    def relevance(self) -> Array:
        """What belongs together, (p, 2): text row, image row; a text of several images has several rows."""
        if self.matches is not None:
            return self.matches
        return np.column_stack([np.arange(len(self.text_ids)), self.image_of_text]).astype(np.int64)

    @property
    def text_labels(self) -> Array | None:
        """The labels of the texts: those of their images."""
        return None if self.labels is None else self.labels[self.image_of_text]

    def take(self, images: Array) -> Pairs:
        """The pairs of some images, in the order given, with all their texts.

        A text of several images is kept when one of them is, and is true for those that are.

        Args:
            images: Row numbers, each at most once.
        """
        images = np.asarray(images)
        place = np.full(len(self.image_ids), -1, dtype=np.int64)
        place[images] = np.arange(len(images))
        matches = self.relevance
        matches = matches[place[matches[:, 1]] >= 0]
        # the first of its images that is kept, in the order of the matches
        texts, first = np.unique(matches[:, 0], return_index=True)
        rows = place[matches[first, 1]]
        order = np.argsort(rows, kind="stable")
        texts, rows = texts[order], rows[order]
        if self.matches is not None:
            now = np.empty(len(self.text_ids), dtype=np.int64)
            now[texts] = np.arange(len(texts))
            matches = np.column_stack([now[matches[:, 0]], place[matches[:, 1]]])
        return Pairs(
            images=None if self.images is None else self.images[images],
            texts=None if self.texts is None else self.texts[texts],
            image_ids=tuple(self.image_ids[row] for row in images),
            text_ids=tuple(self.text_ids[row] for row in texts),
            image_of_text=rows,
            labels=None if self.labels is None else self.labels[images],
            captions=tuple(self.captions[row] for row in texts) if self.captions else (),
            classes=self.classes,
            matches=None if self.matches is None else matches,
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


def paired(
    images: Array,
    texts: Array,
    labels: Array | None = None,
    *,
    image_ids: tuple[str, ...] | None = None,
    text_ids: tuple[str, ...] | None = None,
    captions: tuple[str, ...] = (),
    classes: tuple[str, ...] = (),
) -> Pairs:
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
        image_ids=numbers if image_ids is None else image_ids,
        text_ids=numbers if text_ids is None else text_ids,
        image_of_text=np.arange(len(images)),
        captions=captions,
        classes=classes,
    )
