"""Paragraph vectors: a text's vector is learned as if it were a word of all its windows."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np

from tuwen.arrays import Array
from tuwen.encoders.inputs.fitted_texts import FittedOnTexts
from tuwen.encoders.inputs.terms import pack, unpack
from tuwen.encoders.inputs.training import need_gensim, quiet
from tuwen.errors import InputError, unknown

Variant = Literal["dbow", "dm"]
_LONGEST = 10_000  # words; gensim reads no more of a text
_INFERRING = threading.Lock()


@dataclass(kw_only=True, eq=False)
class Doc2vec(FittedOnTexts):
    """Doc2vec (Le & Mikolov: Distributed Representations of Sentences and Documents, ICML 2014).

    PV-DBOW learns to tell the words of a text from its vector alone, PV-DM from its vector and the
    words beside each. The vector of a new text is found by the same steps with the words held fast,
    from zero and with noise that depends on the text alone: the same text has the same vector in any
    batch, in any process and after `open`. A text without any known word is a zero row.

    Args:
        variant: "dbow" or "dm".
        width: Columns.
        window: Words on each side that PV-DM looks at.
        epochs: Times the texts are gone through, and each new text.
        negative: Noise words drawn for each word.
        min_count: Rarer words are left out.
        sample: Share of all words above which a word is left out now and then.
        seed: Of training and of encoding.
        workers: Threads that train. More than one is faster, and then no two trainings are equal.
    """

    variant: Variant = "dbow"
    width: int = 300
    window: int = 5
    epochs: int = 40
    negative: int = 5
    min_count: int = 2
    sample: float = 1e-3
    seed: int = 0
    workers: int = 1

    runtime = "gensim"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.variant not in get_args(Variant):
            raise unknown("variant", self.variant, get_args(Variant))
        if min(self.width, self.window, self.epochs, self.negative, self.min_count, self.workers) < 1:
            raise InputError("width, window, epochs, negative, min_count and workers must be at least 1")
        if self.sample < 0:
            raise InputError(f"sample is {self.sample}; it must be 0 (keep all) or a small share")

    def _learn(self, texts: list[str]) -> None:
        models = need_gensim("doc2vec")
        self.__dict__.pop("_model", None)
        documents = [
            models.doc2vec.TaggedDocument(self.words.cut(text), [place]) for place, text in enumerate(texts)
        ]
        with quiet():
            model = self._untrained()
            model.build_vocab(documents)
            if not len(model.wv):
                raise InputError(f"no word stands {self.min_count} times in the texts; lower min_count")
            model.train(documents, total_examples=model.corpus_count, epochs=self.epochs)
        self.vocabulary_ = pack(model.wv.index_to_key)
        self.counts_ = np.asarray(model.wv.expandos["count"], dtype=np.int64)
        self.kept_ = np.asarray(model.wv.expandos["sample_int"], dtype=np.uint32)
        self.outputs_ = np.asarray(model.syn1neg, dtype=np.float32)
        # PV-DBOW does not look at the vectors of words, only at the outputs
        inputs = model.wv.vectors if self.variant == "dm" else np.zeros((1, self.width))
        self.inputs_ = np.asarray(inputs, dtype=np.float32)

    def _untrained(self) -> Any:
        return need_gensim("doc2vec").Doc2Vec(
            vector_size=self.width,
            dm=int(self.variant == "dm"),
            window=self.window,
            min_count=self.min_count,
            negative=self.negative,
            sample=self.sample,
            epochs=self.epochs,
            seed=self.seed,
            workers=self.workers,
        )

    @cached_property
    def _model(self) -> Any:
        """The model of gensim as far as inference needs it, made from the saved arrays."""
        model = self._untrained()
        model.wv.index_to_key = unpack(self.vocabulary_)
        model.wv.key_to_index = {word: place for place, word in enumerate(model.wv.index_to_key)}
        model.wv.expandos = {"count": self.counts_, "sample_int": self.kept_}
        model.wv.vectors, model.syn1neg = self.inputs_, self.outputs_
        model.wv.vectors_lockf = np.ones(1, dtype=np.float32)
        model.make_cum_table()
        return model

    def _encode_texts(self, texts: Sequence[str]) -> Array:
        vectors = np.zeros((len(texts), self.width), dtype=np.float32)
        known = self._model.wv.key_to_index
        for row, text in enumerate(texts):
            words = [word for word in self.words.cut(text) if word in known]
            self.cut += len(words) > _LONGEST
            self.blank += not words
            if words:
                vectors[row] = self._inferred(words)
        return vectors

    def _inferred(self, words: list[str]) -> Array:
        """The vector (width,) of a text.

        gensim's own `infer_vector` starts from a random vector that depends on Python's salted hash, and
        draws noise words from wherever the model's random numbers stand: no two processes agree.
        """
        from gensim.models.doc2vec import train_document_dbow, train_document_dm

        seed = hashlib.blake2b(f"{self.seed} {' '.join(words)}".encode(), digest_size=4).digest()
        random = np.random.RandomState(int.from_bytes(seed))
        # from zero: in a short text a random start outweighs what is learned
        vector: Array = np.zeros((1, self.width), dtype=np.float32)
        # left to itself, gensim frees these two before it writes to them
        scratch = [np.zeros(self.width, dtype=np.float32) for _ in range(2 if self.variant == "dm" else 1)]
        train = train_document_dm if self.variant == "dm" else train_document_dbow
        free = np.ones(1, dtype=np.float32)
        with _INFERRING:
            model = self._model
            model.random = random
            for rate in np.linspace(model.alpha, model.min_alpha, self.epochs):
                train(
                    *(model, words, [0], float(rate), *scratch),
                    learn_words=False,
                    learn_hidden=False,
                    doctag_vectors=vector,
                    doctags_lockf=free,
                )
        return np.asarray(vector[0])

    def _width(self) -> int:
        return self.width
