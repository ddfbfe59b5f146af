"""SIFT bag of visual words (Lowe, 2004; Sivic & Zisserman, 2003), by OpenCV and scikit-learn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from PIL import Image

from tuwen.arrays import Array
from tuwen.encoders._descriptor import at_least, grey, needed, sized
from tuwen.encoders.base import Source
from tuwen.encoders.fitted import Fitted
from tuwen.errors import InputError, PictureError
from tuwen.records import Picture, Refusal

_DIMENSIONS = 128
_BATCH = 32  # pictures read ahead while fitting


@dataclass(kw_only=True, eq=False)
class Sift(Fitted):
    """Which local details a picture has: counts of the visual words of a vocabulary learned by `fit`.

    Keypoints and their SIFT descriptors are found in the luma of the picture, which keeps its shape and
    is shrunk until its longer side is `side`. The vocabulary is the centres of mini-batch k-means of an
    even sample of all descriptors; each descriptor then counts for its nearest word. A picture without
    keypoints has a row of zeros.

    Attributes:
        words: Size of the vocabulary: columns of the vectors.
        keypoints: At most so many in a picture, those of most contrast; 0 for all.
        dense: Describe a regular grid of upright patches instead of keypoints.
        step: Pixels between patches of the grid.
        patch: Side of a patch of the grid, in pixels.
        rootsift: Compare square roots of descriptors that sum to one (Arandjelović & Zisserman, 2012).
        idf: Weigh words by how few of the fitted pictures have them; reads the pictures a second time.
        root: Take square roots of the shares, so that repeated details count for less.
        side: The longer side of pictures, in pixels.
        sample: Descriptors the vocabulary is made of, at most.
        seed: Of the sample and of k-means.
        refusals: Pictures that the last `fit` could not read, and why.
    """

    modalities = frozenset({"image"})
    extra: ClassVar[str] = "classic"
    runtime = "OpenCV"

    words: int = 1000
    keypoints: int = 500
    dense: bool = False
    step: int = 8
    patch: int = 16
    rootsift: bool = True
    idf: bool = False
    root: bool = False
    side: int = 480
    sample: int = 100_000
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(2, words=self.words)
        at_least(0, keypoints=self.keypoints, seed=self.seed)
        at_least(1, step=self.step)
        at_least(8, patch=self.patch, side=self.side)
        if self.sample < self.words:
            raise InputError(f"sample must be at least words, got sample={self.sample}, words={self.words}")
        self.image_size = self.side
        self.refusals: list[Refusal] = []

    def prepare(self, image: Source) -> Array:
        """The feature of one picture, (words,) float32: shares of words, times their weight.

        Raises:
            NotFittedError: There is no vocabulary yet.
            PictureError: The picture cannot be decoded.
        """
        self._check("image")
        made = np.bincount(self._nearest(self.descriptors(image)), minlength=self.words) * 1.0
        made /= max(1.0, made.sum())
        if self.idf:
            made *= self.weights_
        return np.asarray(np.sqrt(made) if self.root else made, dtype=np.float32)

    def descriptors(self, image: Source) -> Array:
        """SIFT descriptors of one picture, (n, 128) uint8; n is 0 where there is nothing to hold on to.

        Raises:
            PictureError: The picture cannot be decoded.
        """
        cv2 = needed("cv2", "sift", "OpenCV")
        luma = grey(np.asarray(sized(image, self.side, square=False)))
        finder = cv2.SIFT_create(nfeatures=self.keypoints)
        if self.dense:
            points = [cv2.KeyPoint(x, y, self.patch / 6, 0) for x, y in self._grid(*luma.shape)]
            found = finder.compute(luma, points)[1] if points else None
        else:
            found = finder.detectAndCompute(luma, None)[1]
        return np.empty((0, _DIMENSIONS), np.uint8) if found is None else np.asarray(found, dtype=np.uint8)

    def _fit(self, items: Sequence[Source]) -> None:
        kmeans = needed("sklearn.cluster", "sift", "scikit-learn")
        pool = _Sample(self.sample, self.seed)
        self.refusals = []
        for found in self._read(items, self.refusals):
            pool.add(found)
        raw = pool.take()
        # each row as one value; k-means begins at different ones
        _, places = np.unique(raw.view(np.dtype((np.void, _DIMENSIONS))), return_index=True)
        if len(places) < self.words:
            bad = f"; {len(self.refusals)} could not be read" if self.refusals else ""
            raise InputError(
                f"{self.words} words need as many different descriptors, but {len(items)} pictures have "
                f"{len(places)}{bad}; add pictures, or ask for fewer words"
            )
        points = self._points(raw)
        # as good as k-means++ with so many words, at a quarter of its time
        first = points[np.random.default_rng(self.seed).choice(places, self.words, replace=False)]
        model = kmeans.MiniBatchKMeans(
            self.words,
            init=first,
            batch_size=4096,
            max_iter=10,
            n_init=1,
            compute_labels=False,
            random_state=self.seed,
        )
        self.vocabulary_ = np.asarray(model.fit(points).cluster_centers_, dtype=np.float32)
        if self.idf:
            self.weights_ = self._rarity(items)

    def _rarity(self, items: Sequence[Source]) -> Array:
        """Smooth inverse document frequency of each word over the pictures, (words,)."""
        pictures, having = 0, np.zeros(self.words)
        for found in self._read(items, []):
            pictures += 1
            having[np.unique(self._nearest(found))] += 1
        return np.asarray(np.log((1 + pictures) / (1 + having)) + 1, dtype=np.float32)

    def _read(self, items: Sequence[Source], refusals: list[Refusal]) -> Iterator[Array]:
        """The descriptors of each picture in turn, found in threads; what cannot be read is listed."""

        def find(item: Source) -> Array | Refusal:
            try:
                return self.descriptors(item)
            except PictureError as error:
                return Refusal(item=_shown(item), code=error.code, reason=str(error))

        with ThreadPoolExecutor() as threads:
            for start in range(0, len(items), _BATCH):
                for found in threads.map(find, items[start : start + _BATCH]):
                    if isinstance(found, Refusal):
                        refusals.append(found)
                    else:
                        yield found

    def _grid(self, height: int, width: int) -> list[tuple[float, float]]:
        """Centres of the patches, in the middle of the picture; none in one smaller than a patch."""
        rows, columns = (
            np.arange((length - self.patch) // self.step + 1) * self.step
            + (self.patch - 1) / 2
            + (length - self.patch) % self.step // 2
            for length in (height, width)
        )
        return [(float(x), float(y)) for y in rows for x in columns]

    def _points(self, raw: Array) -> Array:
        """Descriptors as k-means compares them, (n, 128) float32."""
        values = raw.astype(np.float32)
        if self.rootsift:
            values /= np.maximum(values.sum(axis=1, keepdims=True), 1)
            np.sqrt(values, out=values)
        return values

    def _nearest(self, raw: Array) -> Array:
        """The nearest word of each descriptor, (n,)."""
        half_squares = np.einsum("wd,wd->w", self.vocabulary_, self.vocabulary_) / 2
        points, nearest = self._points(raw), np.empty(len(raw), dtype=np.intp)
        # in blocks that stay in the cache, and too small for the threads of a BLAS to wait on each other
        for start in range(0, len(raw), 64):
            block = slice(start, start + 64)
            nearest[block] = np.argmax(points[block] @ self.vocabulary_.T - half_squares, axis=1)
        return nearest

    def _width(self) -> int:
        return self.words

    def _encode_images(self, pixels: Array) -> Array:
        return pixels


class _Sample:
    """An even sample of rows that pass by, in memory for at most twice as many.

    Every row draws a number; those with the smallest are kept.
    """

    def __init__(self, size: int, seed: int) -> None:
        self._size, self._random = size, np.random.default_rng(seed)
        self._rows: list[Array] = []
        self._draws: list[Array] = []
        self._count = 0

    def add(self, rows: Array) -> None:
        """Let rows pass by."""
        self._rows.append(rows)
        self._draws.append(self._random.random(len(rows)))
        self._count += len(rows)
        if self._count > 2 * self._size:
            self.take()

    def take(self) -> Array:
        """The sample so far, (n, 128) uint8."""
        rows = np.concatenate([np.empty((0, _DIMENSIONS), np.uint8), *self._rows])
        draws = np.concatenate([np.empty(0), *self._draws])
        kept = np.sort(np.argsort(draws, kind="stable")[: self._size])
        self._rows, self._draws, self._count = [rows[kept]], [draws[kept]], len(kept)
        return self._rows[0]


def _shown(item: Source) -> str:
    """A picture's name for people."""
    if isinstance(item, Picture):
        return item.path
    return "a picture in memory" if isinstance(item, Image.Image) else str(item)
