"""One run of tagging: learn from labelled vectors, decide, read the pictures block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from tuwen import tables
from tuwen.arrays import Array, unit_rows
from tuwen.encoders import Encoder
from tuwen.errors import CollectionError, InputError
from tuwen.items import condition
from tuwen.tag.calibrating import best_threshold
from tuwen.tag.classified import Classified
from tuwen.tag.deciding import one_label, several
from tuwen.tag.prompts import label_vectors
from tuwen.tag.taggers import Both, FromExamples, Given, Learned, Tagger, Truth, ZeroShot
from tuwen.tag.vocabulary import Vocabulary

if TYPE_CHECKING:
    from tuwen.collection import Collection

Method = Literal["zero-shot", "probe", "neighbours", "both", "classifier"]
METHODS: tuple[Method, ...] = ("zero-shot", "probe", "neighbours", "both")
PARTS = 3  # of the cross-validation that chooses the threshold of several labels
Progress = Callable[[int, int | None], None]


class Job:
    """One run of `tag`: what is learned anew, and what it makes of vectors.

    Attributes:
        tagger: What was learned last.
        threshold: Probability that a label needs.
        many: Whether a picture may have several labels.
    """

    def __init__(
        self,
        collection: Collection,
        vocabulary: Vocabulary,
        method: Method,
        templates: Sequence[str],
        threshold: float | None,
        most: int,
        seed: int,
        classified: Classified | None = None,
    ) -> None:
        self.collection, self.vocabulary, self.method = collection, vocabulary, method
        self.classified = classified
        self.most, self.many, self.asked, self.seed = most, most > 1, threshold, seed
        self.threshold = threshold or 0.0
        self._labels = None
        if method in ("zero-shot", "both"):
            self._labels = label_vectors(vocabulary, _encoder(collection), templates)
        self.tagger = self._new()

    def fit(self, vectors: Array, truth: Truth) -> None:
        """Learn anew from labelled vectors, and choose the threshold where nobody did."""
        self.tagger = self._new()
        if not len(truth):
            return
        self.tagger.fit(vectors, truth)
        if self.asked is None and self.many:
            self.threshold = self._best(vectors, truth)

    def inputs(self, ids: Sequence[str]) -> Array:
        """What the tagger takes of some pictures, (n, d): their vectors, or what a classifier says."""
        vectors = self.collection.vectors("image", ids)
        if self.classified is None:
            return vectors
        held = self.collection.store.view.by_ids("images", ids, ["id", "entity"]).to_pydict()
        entity = dict(zip(held["id"], held["entity"], strict=True))
        return self.classified.probabilities([entity[one] for one in ids], vectors)

    def decide(self, vectors: Array) -> tuple[list[list[int]], Array]:
        """Places of the labels of each, and the probabilities (n, c)."""
        total = self.tagger.probabilities(vectors)
        if self.many:
            return several(self.vocabulary, total, self.threshold, self.most), total
        return one_label(self.vocabulary, self.tagger.own(vectors), total, self.threshold), total

    def all(
        self, where: str | None, progress: Progress
    ) -> Iterator[tuple[list[str], list[str], list[list[tuple[str, float]]]]]:
        """Ids, paths and tags of all pictures, in blocks."""
        view = self.collection.store.view
        wanted = condition(view, "images", where)
        names, done, total = self.vocabulary.names, 0, view.count("images") if where is None else None
        for batch in view.batches("images", ["id", "path", "entity", "vector"], where=wanted):
            if not len(batch):
                continue
            given = unit_rows(tables.matrix(batch["vector"]))
            if self.classified is not None:
                given = self.classified.probabilities(batch["entity"].to_pylist(), given)
            chosen, shares = self.decide(given)
            found = [
                [(names[place], float(row[place])) for place in places]
                for places, row in zip(chosen, shares, strict=True)
            ]
            done += len(batch)
            progress(done, total)
            yield batch["id"].to_pylist(), [path or "" for path in batch["path"].to_pylist()], found

    def _new(self) -> Tagger:
        if self.classified is not None:
            return Given(self.vocabulary, self.classified.names)
        way: Learned = "neighbours" if self.method == "neighbours" else "probe"
        learned = FromExamples(self.vocabulary, way, many=self.many, seed=self.seed)
        if self._labels is None:
            return learned
        words = ZeroShot(self.vocabulary, self._labels, many=self.many)
        return Both(words, learned) if self.method == "both" else words

    def _best(self, vectors: Array, truth: Truth) -> float:
        """The threshold of the highest F1; what learns from the vectors is asked about others."""
        has = np.zeros((len(truth), len(self.vocabulary.labels)), dtype=bool)
        for row, places in enumerate(truth):
            for place in places:
                has[row, self.vocabulary.chain(place)] = True
        found = self.tagger.probabilities(vectors)
        if self.method != "zero-shot" and len(truth) >= 2 * PARTS:
            part = np.random.default_rng(self.seed).permutation(len(truth)) % PARTS
            for number in range(PARTS):
                rest = self._new()
                try:
                    rest.fit(vectors[part != number], taken(truth, part != number))
                except InputError:  # the rest are all alike
                    continue
                found[part == number] = rest.probabilities(vectors[part == number])
        return best_threshold(found, has)


def taken(truth: Truth, rows: Array) -> list[tuple[int, ...]]:
    """The truth of the rows that a mask (n,) keeps."""
    return [truth[int(row)] for row in np.flatnonzero(rows)]


def _encoder(collection: Collection) -> Encoder:
    try:
        return collection.encoder
    except CollectionError as error:
        raise InputError(
            f"labels cannot be compared with pictures by their words: {error}. Or give labelled examples "
            "(--examples): then a probe is learned on the vectors"
        ) from error
