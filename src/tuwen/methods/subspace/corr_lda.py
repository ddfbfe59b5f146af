"""Correspondence latent Dirichlet allocation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.errors import InputError
from tuwen.methods.base import CommonSpace, Paper
from tuwen.methods.topics import PairOfBags, shares, topic_shares

_ROWS = 256  # coded at once
_LINKS = 5e7  # of a region with a word, in all pairs that are learned from: a minute or two on one core


@dataclass(kw_only=True, eq=False)
class CorrLDA(CommonSpace):
    """Finds topics of image regions, from which each word of the text is told through one region.

    A region draws its topic from the image and its visual word from the topic; a word chooses a region of
    the image and is drawn from that region's topic. Variational EM raises a bound on the likelihood. Items of
    either modality are coded by the square roots of their topics' expected shares, so that the dot product is
    Bhattacharyya's (Hellinger's distance). Features are counts, or weights that stand for them, none below
    zero: bags of visual words, TF-IDF, topics.
    Re-derived. Differs from the paper: regions are visual words, not Gaussians; the prior of the shares is
    fixed; and a text is coded without its image, as a plain bag of words of the topics.

    Args:
        dim: Topics.
        length: What the counts of each row are scaled to add up to; 0 takes them as they are.
        concentration: Of the Dirichlet prior of an image's shares, for each topic.
        smoothing: Count of every visual word and every word that each topic has beforehand.
        iterations: Rounds of EM.
        rows: Most pairs to learn from, drawn at random. Fewer where images have so many visual words and
            texts so many words that their links, the products of both, were more than 50 million: 190 pairs
            where 512 and 512 are above zero.
    """

    paper = Paper(
        "Modeling annotated data",
        "Blei, Jordan",
        "SIGIR",
        2003,
        "https://doi.org/10.1145/860435.860460",
    )
    needs_counts = True

    dim: int = 10
    length: float = 100.0
    concentration: float = 0.1
    smoothing: float = 0.01
    iterations: int = 30
    rows: int = 5000

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.concentration, self.smoothing) <= 0 or self.length < 0:
            raise InputError(
                f"concentration is {self.concentration}, smoothing {self.smoothing}, length {self.length}; "
                "above 0 the first two, not below 0 the last"
            )
        if min(self.iterations, self.rows) < 1:
            raise InputError(f"iterations is {self.iterations} and rows {self.rows}; both must be at least 1")

    def _fit(self, images: Array, texts: Array, labels: Array) -> None:
        rng = np.random.default_rng(self.seed)
        links = np.count_nonzero(images, axis=1) * np.count_nonzero(texts, axis=1)
        rows = min(self.rows, max(int(_LINKS / max(links.mean(), 1)), min(self.dim, len(images))))
        if len(images) > rows:
            some = np.sort(rng.choice(len(images), rows, replace=False))
            images, texts = images[some], texts[some]
        self.learned_from_ = len(images)
        x, t = self._counts(images), self._counts(texts)
        visual = shares(rng.gamma(100.0, 0.01, (self.dim, x.shape[1])))
        words = shares(rng.gamma(100.0, 0.01, (self.dim, t.shape[1])))
        documents = [PairOfBags(a, b, self.dim, self.concentration) for a, b in zip(x, t, strict=True)]
        self.bound_: list[float] = []
        for _ in range(self.iterations):
            seen, told = np.full(visual.shape, self.smoothing), np.full(words.shape, self.smoothing)
            bound = self.smoothing * float(np.log(visual).sum() + np.log(words).sum())
            logs = np.log(visual), np.log(words)
            for document in documents:
                gained, links = document.improve(*logs)
                bound += gained
                document.count(seen, told, links)
            self.bound_.append(bound)
            visual, words = shares(seen), shares(told)
        self.topics_ = {"image": visual, "text": words}

    def _counts(self, features: Array) -> Array:
        counts = features.astype(np.float64)
        if self.length:
            counts *= self.length / np.maximum(counts.sum(axis=1, keepdims=True), 1e-300)
        return counts

    def _transform(self, features: Array, modality: Modality) -> Array:
        counts, topics = self._counts(features), self.topics_[modality]
        blocks = [counts[start : start + _ROWS] for start in range(0, len(counts), _ROWS)]
        found = [topic_shares(block, topics, self.concentration) for block in blocks]
        return np.asarray(np.sqrt(np.vstack([np.empty((0, self.dim)), *found])))
