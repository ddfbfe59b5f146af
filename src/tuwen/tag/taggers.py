"""From vectors of pictures to the probability of every label, consistent from the top down."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal

import numpy as np

from tuwen import classes
from tuwen.arrays import Array
from tuwen.classes import Classifier
from tuwen.errors import InputError
from tuwen.tag.calibrating import Scale, learn_scale
from tuwen.tag.vocabulary import Vocabulary, below

Truth = Sequence[tuple[int, ...]]
"""For each item, the places of its labels."""

Learned = Literal["probe", "neighbours"]


class Tagger(ABC):
    """Gives each label a probability.

    One label an item: what is given to a label itself sums to 1 over all labels, and a label above others
    has theirs too. Several: each label is asked by itself, and one above others is at least as probable
    as the most probable of them.

    Attributes:
        vocabulary: The labels.
        many: Whether an item may have several.
    """

    def __init__(self, vocabulary: Vocabulary, *, many: bool) -> None:
        self.vocabulary, self.many = vocabulary, many
        self._below = below(vocabulary)

    def probabilities(self, vectors: Array) -> Array:
        """(n, c), of a label at least that of any below it."""
        own = self.own(vectors)
        if not self.vocabulary.deep:
            return own
        if not self.many:
            return np.asarray(np.minimum(own @ self._below, 1))
        found = own.copy()
        for place in range(len(self.vocabulary.labels)):
            for above in self.vocabulary.chain(place)[1:]:
                np.maximum(found[:, above], own[:, place], out=found[:, above])
        return found

    @abstractmethod
    def fit(self, vectors: Array, truth: Truth) -> None:
        """Learn from labelled items."""

    @abstractmethod
    def own(self, vectors: Array) -> Array:
        """(n, c) float32 of each label itself, without those below it."""


class ZeroShot(Tagger):
    """Compares pictures with the words of labels; labelled items only scale what comes out.

    Of one label, softmax(a·s + b) over the cosines s with the lowest labels; of several, σ(a·s + b) of each.
    Without labelled items a = 1/0.05 and b = 0, and of several the softmax ranks the labels without being a
    probability.
    """

    def __init__(self, vocabulary: Vocabulary, labels: Array, *, many: bool) -> None:
        super().__init__(vocabulary, many=many)
        self.labels = labels
        self.scale: Scale | None = None

    def fit(self, vectors: Array, truth: Truth) -> None:
        """Choose a and b by the likelihood of the labels; b is held near that of the others."""
        leaves = self.vocabulary.leaves
        # a label above others allows each of the lowest ones under it
        allowed = np.zeros((len(truth), len(leaves)), dtype=bool)
        sure = np.ones_like(allowed)
        for row, places in enumerate(truth):
            for place in places:
                under = self._below[leaves, place]
                allowed[row] |= under
                if under.sum() > 1:
                    sure[row, under] = False
        self.scale = learn_scale(vectors @ self.labels.T, allowed, sure, many=self.many)

    def own(self, vectors: Array) -> Array:
        """Zero for labels above others: they are what is below them."""
        from scipy.special import expit, softmax

        scores = vectors @ self.labels.T
        scale = self.scale or Scale.untold(scores.shape[1])
        logits = scale.slope * scores + scale.bias
        independent = self.many and self.scale is not None
        found = np.zeros((len(vectors), len(self.vocabulary.labels)), dtype=np.float32)
        found[:, self.vocabulary.leaves] = expit(logits) if independent else softmax(logits, axis=1)
        return found


class FromExamples(Tagger):
    """Learns the labels from labelled vectors: one classifier, or of several labels one for each."""

    def __init__(self, vocabulary: Vocabulary, method: Learned, *, many: bool, seed: int = 0) -> None:
        super().__init__(vocabulary, many=many)
        self.method, self.seed = method, seed
        self.classifier: Classifier[Array] | None = None
        self._each: dict[int, Classifier[Array]] = {}

    def fit(self, vectors: Array, truth: Truth) -> None:
        """Learn; a label that no item has is never given.

        Raises:
            InputError: The items have one label only.
        """
        if self.many:
            self._fit_each(vectors, truth)
            return
        names = [self.vocabulary.labels[places[0]].name for places in truth]
        if len(set(names)) < 2:
            held = f"only {names[0]!r}" if names else "none"
            raise InputError(f"the examples have {held}; to choose between labels, give examples of two")
        self.classifier = self._new().fit(vectors, names)

    def own(self, vectors: Array) -> Array:
        """What the classifiers give."""
        found = np.zeros((len(vectors), len(self.vocabulary.labels)), dtype=np.float32)
        if self.classifier is not None:
            names = self.vocabulary.names
            places = [names.index(name) for name in self.classifier.classes_]
            found[:, places] = self.classifier.probabilities(vectors)
        for place, one in self._each.items():
            found[:, place] = one.probabilities(vectors)[:, 1]
        return found

    def _fit_each(self, vectors: Array, truth: Truth) -> None:
        has = np.zeros((len(truth), len(self.vocabulary.labels)), dtype=bool)
        for row, places in enumerate(truth):
            for place in places:
                has[row, self.vocabulary.chain(place)] = True
        self._each = {}
        for place in np.flatnonzero(has.any(axis=0) & ~has.all(axis=0)).tolist():
            words = np.where(has[:, place], "yes", "no").tolist()
            self._each[place] = self._new().fit(vectors, words)
        if not self._each:
            raise InputError("every example has the same labels; give examples that differ")

    def _new(self) -> Classifier[Array]:
        made: Classifier[Array] = classes.find(self.method)(seed=self.seed)  # type: ignore[call-arg]
        return made


class Both(Tagger):
    """Joins what words and what examples say: p ∝ p_examples · p_words^0.5.

    Of several labels, the same for each label and its absence. The half was chosen on the first parts of
    the sets of docs/tag.md: it helps where words say something, and harms little where they do not.
    """

    def __init__(self, words: ZeroShot, examples: FromExamples) -> None:
        super().__init__(words.vocabulary, many=words.many)
        self.words, self.examples = words, examples
        # a label above others speaks by the words of those below it
        under = self._below[words.vocabulary.leaves].T.astype(np.float32)  # (c, leaves)
        self._spread = under / under.sum(axis=1, keepdims=True)

    def fit(self, vectors: Array, truth: Truth) -> None:
        """Learn both from the labelled items."""
        self.words.fit(vectors, truth)
        self.examples.fit(vectors, truth)

    def own(self, vectors: Array) -> Array:
        """Of each label itself; 0 where there was no example."""
        learned = self.examples.own(vectors)
        said = self.words.own(vectors)[:, self.vocabulary.leaves] @ self._spread.T
        joined = learned * np.sqrt(said)
        against = (1 - learned) * np.sqrt(1 - np.minimum(said, 1))
        total = joined + against if self.many else joined.sum(axis=1, keepdims=True)
        return np.asarray(joined / np.maximum(total, 1e-30), dtype=np.float32)


class Given(Tagger):
    """Labels of a classifier that was learned elsewhere, such as by `tuwen train --task classify`."""

    def __init__(self, vocabulary: Vocabulary, names: list[str]) -> None:
        super().__init__(vocabulary, many=False)
        places = [vocabulary.place(name) for name in names]
        lost = [name for name, place in zip(names, places, strict=True) if place is None]
        if lost:
            raise InputError(
                f"the classifier gives {lost[0]!r}, which is none of the labels; leave --labels out, or list "
                f"all {len(names)} classes"
            )
        self._columns = [place for place in places if place is not None]

    def fit(self, vectors: Array, truth: Truth) -> None:
        """Nothing: labelled items only measure it."""

    def own(self, vectors: Array) -> Array:
        """Its probabilities (n, classes), in the columns of the vocabulary."""
        found = np.zeros((len(vectors), len(self.vocabulary.labels)), dtype=np.float32)
        found[:, self._columns] = vectors
        return found
