"""Word vectors, trained here or read from a file, weighed and averaged over a text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np

from tuwen.arrays import Array
from tuwen.encoders.inputs.fitted_texts import FittedOnTexts
from tuwen.encoders.inputs.terms import pack, unpack
from tuwen.encoders.inputs.training import need_gensim, quiet
from tuwen.encoders.inputs.word_vectors import read_vectors
from tuwen.encoders.inputs.words import is_chinese
from tuwen.errors import InputError, unknown

Weighting = Literal["mean", "tfidf", "sif"]
Variant = Literal["skipgram", "cbow"]
_BLOCK = 1024


@dataclass(kw_only=True, eq=False)
class Word2vec(FittedOnTexts):
    """The weighted mean of the vectors of a text's words.

    Vectors are trained on the user's texts (word2vec: Mikolov et al., NIPS 2013), or read from a file
    in the formats of word2vec, GloVe and fastText. Weights are one for all (`mean`), rarity
    (`tfidf`), or smooth inverse frequency (`sif`: a / (a + p(word)), and the direction that all texts
    share taken away; Arora, Liang & Ma: A Simple but Tough-to-Beat Baseline for Sentence Embeddings,
    ICLR 2017). With a file alone, `sif` takes p(word) from the rank in the file (Zipf) and takes no
    direction away; `fit` on texts learns both. An unknown Chinese word stands for its characters; a
    text without any known word is a zero row.

    Args:
        vectors: A file or folder of word vectors, see `read_vectors`; trained when None.
        limit: Rows to read of it at most, from the first.
        weighting: "mean", "tfidf" or "sif".
        smoothing: a of `sif`.
        variant: "skipgram" or "cbow", for training.
        width: Columns of trained vectors.
        window: Words on each side that training looks at.
        epochs: Times the texts are gone through.
        negative: Noise words drawn for each word.
        min_count: Rarer words get no vector.
        seed: Of training; equal only with one worker.
        workers: Threads that train.
    """

    vectors: Path | None = None
    limit: int = 500_000
    weighting: Weighting = "sif"
    smoothing: float = 1e-3
    variant: Variant = "skipgram"
    width: int = 300
    window: int = 5
    epochs: int = 20
    negative: int = 5
    min_count: int = 2
    seed: int = 0
    workers: int = 1

    batch_size = _BLOCK
    runtime = "NumPy"
    broken = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.weighting not in get_args(Weighting):
            raise unknown("weighting", self.weighting, get_args(Weighting))
        if self.variant not in get_args(Variant):
            raise unknown("variant", self.variant, get_args(Variant))
        if self.smoothing <= 0:
            raise InputError(f"smoothing is {self.smoothing}; it must be above 0")
        if min(self.width, self.window, self.epochs, self.negative, self.min_count, self.workers) < 1:
            raise InputError("width, window, epochs, negative, min_count and workers must be at least 1")

    @classmethod
    def open(  # type: ignore[override]
        cls,
        path: Path,
        *,
        weighting: Weighting | None = None,
        limit: int | None = None,
        smoothing: float | None = None,
        dictionary: Path | None = None,
        stop: Path | None = None,
    ) -> Self:
        """Open what `save` wrote, or a file of word vectors (`mean` and `sif` need no fit).

        Raises:
            InputError: There are no vectors, or `tfidf` is asked for without texts to learn it from.
        """
        options: dict[str, Any] = {"weighting": weighting, "limit": limit, "smoothing": smoothing}
        options |= {"dictionary": dictionary, "stop": stop}
        given = {name: value for name, value in options.items() if value is not None}
        path = Path(path)
        if (path / "encoder.json").is_file():
            return super().open(path, **given)
        found = cls(vectors=path, **given)
        if found.weighting == "tfidf":
            raise InputError(
                f"weighting tfidf is learned from texts: fit word2vec,vectors={path},weighting=tfidf "
                "on some, or take weighting=sif or weighting=mean"
            )
        found._read_lists()
        found._read_vectors()
        found.weights_ = found._rarity(_zipf(len(found.vectors_)))
        found.component_ = np.zeros(found.width, dtype=np.float32)
        found._settle()
        found.name = str(path)
        return found

    def _learn(self, texts: list[str]) -> None:
        cut = [self.words.cut(text) for text in texts]
        if self.vectors is not None:
            self._read_vectors()
        else:
            self._train(cut)
        known = [self._known(words) for words in cut]
        counts = Counter(place for places in known for place in places)
        if not counts:
            raise InputError(f"no word of the {len(texts)} texts has a vector; are they of its language?")
        self.weights_ = self._weights(known, counts)
        self.component_ = np.zeros(self.width, dtype=np.float32)
        if self.weighting == "sif":
            self.component_ = self._common_direction(known)

    def _train(self, cut: list[list[str]]) -> None:
        models = need_gensim("word2vec")
        with quiet():
            model = models.Word2Vec(
                vector_size=self.width,
                window=self.window,
                min_count=self.min_count,
                negative=self.negative,
                sg=int(self.variant == "skipgram"),
                seed=self.seed,
                workers=self.workers,
                epochs=self.epochs,
            )
            model.build_vocab(cut)
            if not len(model.wv):
                raise InputError(f"no word stands {self.min_count} times in the texts; lower min_count")
            model.train(cut, total_examples=model.corpus_count, epochs=self.epochs)
        self._take(model.wv.index_to_key, np.array(model.wv.vectors, dtype=np.float32))

    def _read_vectors(self) -> None:
        read = read_vectors(Path(str(self.vectors)), self.limit)
        self.broken = read.broken
        self._take(read.words, read.vectors)

    def _take(self, words: list[str], vectors: Array) -> None:
        self.__dict__.pop("_rows", None)
        self.vocabulary_, self.vectors_ = pack(words), vectors
        self.width = vectors.shape[1]

    def _weights(self, known: list[list[int]], counts: Counter[int]) -> Array:
        """The weight of each row of `vectors_`, learned from texts."""
        if self.weighting == "tfidf":
            found = Counter(place for places in known for place in set(places))
            return (np.log((1 + len(known)) / (1 + _table(found, len(self.vectors_)))) + 1).astype(np.float32)
        return self._rarity(_table(counts, len(self.vectors_)) / counts.total())

    def _rarity(self, shares: Array) -> Array:
        """Smooth inverse frequency of words that make up these shares of all (n,), or ones."""
        if self.weighting == "mean":
            return np.ones(len(shares), dtype=np.float32)
        return (self.smoothing / (self.smoothing + shares)).astype(np.float32)

    def _common_direction(self, known: list[list[int]]) -> Array:
        """The first singular vector (width,) of the texts' vectors, not centred, as in the paper."""
        products = np.zeros((self.width, self.width))
        for start in range(0, len(known), _BLOCK):
            rows = self._averages(known[start : start + _BLOCK]).astype(np.float64)
            products += rows.T @ rows
        direction: Array = np.linalg.eigh(products)[1][:, -1].astype(np.float32)
        return direction

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {word: row for row, word in enumerate(unpack(self.vocabulary_))}

    def _known(self, words: list[str]) -> list[int]:
        """Rows of the words that have a vector; an unknown Chinese word stands for its characters."""
        found = []
        for word in words:
            row = self._rows.get(word)
            if row is not None:
                found.append(row)
            elif len(word) > 1 and is_chinese(word):
                found += [self._rows[character] for character in word if character in self._rows]
        return found

    def _averages(self, known: Sequence[list[int]]) -> Array:
        """Weighted means (n, width) of rows of vectors; zero where there are none."""
        from scipy.sparse import csr_matrix

        lengths = np.array([len(places) for places in known])
        columns = np.array([place for places in known for place in places], dtype=np.int64)
        starts = np.concatenate([[0], np.cumsum(lengths)])
        shares = self.weights_[columns] / np.repeat(np.maximum(lengths, 1), lengths).astype(np.float32)
        counts = csr_matrix((shares, columns, starts), shape=(len(known), len(self.vectors_)))
        return np.asarray(counts @ self.vectors_)

    def token_states(self, texts: Sequence[str]) -> tuple[Array, Array]:
        """The vectors of the words of texts, (n, words, width) float32, and their mask (n, words): 1 a word.

        In the order of the text; words without a vector are left out, rows of shorter texts end in zeros.
        """
        self._check("text")
        if isinstance(texts, str):
            raise InputError("texts is one string; pass a list of strings")
        known = [self._known(self.words.cut(text)) for text in texts]
        longest = max(map(len, known), default=0)
        states = np.zeros((len(texts), longest, self.width), dtype=np.float32)
        there = np.zeros((len(texts), longest), dtype=np.int64)
        for row, places in enumerate(known):
            states[row, : len(places)] = self.vectors_[places]
            there[row, : len(places)] = 1
        return states, there

    def _encode_texts(self, texts: Sequence[str]) -> Array:
        known = [self._known(self.words.cut(text)) for text in texts]
        self.blank += sum(not places for places in known)
        rows = self._averages(known)
        # element by element: a matrix product may round a row by where it stands in the batch
        along = np.einsum("ij,j->i", rows, self.component_)
        return np.asarray(rows - along[:, None] * self.component_)

    def _width(self) -> int:
        return int(self.vectors_.shape[1])


def _table(counts: Counter[int], size: int) -> Array:
    """Counts by row (size,)."""
    table = np.zeros(size)
    table[list(counts)] = list(counts.values())
    return table


def _zipf(size: int) -> Array:
    """Shares of words in order of rank, by Zipf's law (size,)."""
    shares = 1 / np.arange(1, size + 1)
    return np.asarray(shares / shares.sum())
