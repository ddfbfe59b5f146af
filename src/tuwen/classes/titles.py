"""Classes of titles and other short texts, from the characters that stand in them."""

from __future__ import annotations

import re
import unicodedata
import warnings
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from tuwen.arrays import Array
from tuwen.classes.base import TextClassifier
from tuwen.classes.folds import folds
from tuwen.errors import InputError, unknown

_START, _END = "\x02", "\x03"  # stand around a title, so that "begins with" and "ends with" are n-grams too
_SPACE = re.compile(r"\s+")
_MANY = 2000  # texts, from which on an n-gram that stands in one alone is left out
_SMOOTHING = 0.1
_CELLS = 2**27  # of weights while they are learned, and of margins: 1 GiB each
_RIDGE = 20.0
_FIRST = -1.0  # logarithm of what either model's margins, in their own spread, weigh at first
_UNTRIED = np.array([1.0, 0.1])  # what they weigh where no example can be held out


class Reason(NamedTuple):
    """An n-gram that spoke for a class.

    Attributes:
        ngram: As it stands in the text, in lower case; `^` is the text's begin, `$` its end.
        weight: By how much it raised the class's log-odds against the mean of all classes.
    """

    ngram: str
    weight: float


@dataclass(kw_only=True, eq=False)
class Titles(TextClassifier):
    """Weighs every run of characters in a text; needs no dictionary, so any language will do.

    Runs of characters (n-grams) are weighed by TF-IDF. Two linear models see them, support vector
    machines (one class against the rest) and naive Bayes; a multinomial logistic model, learned on the
    margins of examples held out from both, joins them and makes the probabilities calibrated. All of it
    is linear, so it is stored as one weight for each n-gram and class, and what an n-gram said can be
    told exactly (`reasons`). After Wang & Manning, Baselines and Bigrams, ACL 2012.

    Args:
        longest: Most characters in an n-gram; the shortest has one.
        features: Most n-grams that are kept, the commonest; fewer where there are many hundreds of classes.
        min_count: N-grams of fewer texts are left out; None takes 2 from 2,000 texts on, else 1.
        strength: C of the support vector machines: how far weights may grow.
        seed: Of the parts that are held out.

    Attributes:
        ngrams_: The n-grams kept, as bytes, a line each.
        idf_: (v,) weight of each by rarity.
        weights_: (v, c) what it says for each class.
        bias_: (c,) what an empty text says.
    """

    longest: int = 3
    features: int = 300_000
    min_count: int | None = None
    strength: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        least = min(self.longest, self.features, 1 if self.min_count is None else self.min_count)
        if least < 1 or not self.strength > 0:
            raise InputError("longest, features and min_count must be at least 1, strength above 0")

    def reasons(self, texts: Sequence[str], of: str | None = None, most: int = 5) -> list[list[Reason]]:
        """The n-grams that spoke loudest for a class, in each text, loudest first.

        Of n-grams that share characters of the text only the loudest is told.

        Args:
            texts: The texts.
            of: The class; what `predict` gives when None.
            most: N-grams a text, at most.

        Raises:
            UnknownName: There is no such class.
        """
        self._check_fitted()
        if of is not None and of not in self.classes_:
            raise unknown("class", of, self.classes_)
        texts = list(self._items(texts, known=True))
        if not texts:
            return []
        rows = self._rows(texts)
        wanted = (
            np.full(len(texts), self.classes_.index(of)) if of is not None else self._scores(rows).argmax(1)
        )
        ngrams = self._ngrams
        told = []
        for row, (text, column) in enumerate(zip(texts, wanted, strict=True)):
            part = slice(rows.indptr[row], rows.indptr[row + 1])
            places, weights = rows.indices[part], self.weights_[rows.indices[part]]
            raised = rows.data[part] * (weights[:, column] - weights.mean(axis=1))
            told.append(_loudest(_normal(text), [ngrams[place] for place in places], raised, most))
        return told

    def _fit(self, items: Sequence[str], numbers: Array, classes: list[str]) -> None:
        counts, ngrams = self._learn_ngrams(items, min(self.features, _CELLS // (2 * len(classes))))
        texts = counts.shape[0]
        self.idf_ = (
            np.log((1 + texts) / (1 + np.bincount(counts.indices, minlength=len(ngrams)))) + 1
        ).astype(np.float32)
        self.ngrams_ = np.frombuffer("\n".join(ngrams).encode("utf-8", "surrogatepass"), dtype=np.uint8)
        for learned in ("_ngrams", "_columns"):
            self.__dict__.pop(learned, None)
        rows = self._weighed(counts)
        margins, held = [], []
        for train, out in folds(numbers, self.seed):
            weights, bias = self._margins(rows[train], numbers[train], len(classes))
            margins.append(np.asarray(_as_new(rows[out], rows[train]) @ weights + bias))
            held.append(numbers[out])
            if sum(map(len, held)) * 2 * len(classes) > _CELLS:
                break
        mix, offset = _joined(margins, held, len(classes))
        weights, bias = self._margins(rows, numbers, len(classes))
        self.weights_ = (weights @ mix).astype(np.float32)
        self.bias_ = (bias @ mix + offset).astype(np.float32)

    def _probabilities(self, items: Sequence[str]) -> Array:
        from scipy.special import softmax

        return np.asarray(softmax(self._scores(self._rows(items)), axis=1))

    def _scores(self, rows: Any) -> Array:
        return np.asarray(rows @ self.weights_ + self.bias_)

    def _rows(self, texts: Sequence[str]) -> Any:
        """Weighed n-grams, a sparse (n, v) matrix of rows of length one."""
        columns, places, ends = self._columns, array("i"), array("q", [0])
        for text in texts:
            places.extend(
                column for ngram in _cut(text, self.longest) if (column := columns.get(ngram)) is not None
            )
            ends.append(len(places))
        return self._weighed(_counted(places, ends, len(columns)))

    def _learn_ngrams(self, texts: Sequence[str], most: int) -> tuple[Any, list[str]]:
        """How often each text has each n-gram that is kept, and those n-grams."""
        known: dict[str, int] = {}
        places, ends = array("i"), array("q", [0])
        for text in texts:
            places.extend(known.setdefault(ngram, len(known)) for ngram in _cut(text, self.longest))
            ends.append(len(places))
        counts = _counted(places, ends, len(known))
        found = np.bincount(counts.indices, minlength=len(known))
        least = self.min_count or (2 if len(texts) >= _MANY else 1)
        kept = np.flatnonzero(found >= least)
        if not len(kept):
            raise InputError(
                f"no run of characters stands in {least} of the {len(texts)} texts; lower min_count"
            )
        kept = np.sort(kept[np.argsort(-found[kept], kind="stable")[:most]])
        names = list(known)
        return counts[:, kept].tocsr(), [names[place] for place in kept]

    def _weighed(self, counts: Any) -> Any:
        rows = counts.astype(np.float32)
        rows.data = (1 + np.log(rows.data)) * self.idf_[rows.indices]
        return _unit(rows)

    def _margins(self, rows: Any, numbers: Array, count: int) -> tuple[Array, Array]:
        """Weights (v, 2c) and bias (2c,) of both models, the support vector machines first."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.svm import LinearSVC

        weights, bias = np.zeros((rows.shape[1], 2 * count)), np.zeros(2 * count)
        rows = rows.astype(np.float64)  # once; every machine would copy them again
        sums = np.asarray(rows.T @ np.eye(count)[numbers])
        for number in range(count):
            own = numbers == number
            machine = LinearSVC(C=self.strength, dual=True, random_state=self.seed)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # the last digits change no answer
                machine.fit(rows, own)
            weights[:, number], bias[number] = machine.coef_[0], machine.intercept_[0]
            inside = sums[:, number] + _SMOOTHING
            outside = np.delete(sums, number, axis=1).sum(axis=1) + _SMOOTHING
            weights[:, count + number] = np.log(inside / inside.sum()) - np.log(outside / outside.sum())
        return weights, bias

    @cached_property
    def _ngrams(self) -> list[str]:
        return self.ngrams_.tobytes().decode("utf-8", "surrogatepass").split("\n")

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {ngram: column for column, ngram in enumerate(self._ngrams)}

    def _settle(self) -> None:
        super()._settle()
        shapes = self.idf_.shape, self.weights_.shape, self.bias_.shape
        kept, count = len(self._columns), len(self.classes_)
        if shapes != ((kept,), (kept, count), (count,)):
            raise ValueError(f"it has {kept} n-grams and {count} classes, but arrays of shapes {shapes}")


def _normal(text: str) -> str:
    """One form for what looks alike, between the two signs of begin and end; empty for a blank text."""
    normal = _SPACE.sub(" ", unicodedata.normalize("NFKC", text).lower()).strip()
    return f"{_START}{normal}{_END}" if normal else ""


def _cut(text: str, longest: int) -> Iterator[str]:
    """The n-grams of a text; each comes as often as the text has it."""
    normal = _normal(text)
    yield from normal[1:-1]
    for length in range(2, longest + 1):
        for start in range(len(normal) - length + 1):
            yield normal[start : start + length]


def _counted(places: array[int], ends: array[int], width: int) -> Any:
    from scipy.sparse import csr_matrix

    indices = np.frombuffer(places, dtype=np.int32) if len(places) else np.zeros(0, dtype=np.int32)
    ones = np.ones(len(indices), dtype=np.float32)
    counts = csr_matrix((ones, indices, np.frombuffer(ends, dtype=np.int64)), shape=(len(ends) - 1, width))
    counts.sum_duplicates()
    return counts


def _as_new(rows: Any, known: Any) -> Any:
    """Rows as they would be of new texts: without the n-grams that no known text has."""
    from scipy.sparse import diags_array

    seen = np.bincount(known.indices, minlength=known.shape[1]) > 0
    return _unit((rows @ diags_array(seen.astype(np.float32))).tocsr())


def _unit(rows: Any) -> Any:
    """Sparse rows of length one."""
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    rows.data = rows.data / np.repeat(np.maximum(lengths, 1e-12), np.diff(rows.indptr)).astype(np.float32)
    return rows


def _joined(margins: list[Array], held: list[Array], count: int) -> tuple[Array, Array]:
    """How both models' margins (2c) become class scores: mix (2c, c) and offset (c,), by least log loss.

    Two weights, one for all margins of a model, are almost free; what each margin says of other classes is
    held near zero, so that few examples do not make it up.
    """
    from scipy.optimize import minimize
    from scipy.special import log_softmax

    eyes = np.stack([np.vstack([np.eye(count), np.zeros((count, count))]), np.zeros((2 * count, count))])
    eyes[1, count:] = np.eye(count)
    if not margins:
        return np.tensordot(_UNTRIED, eyes, 1), np.zeros(count)
    x, truth = np.concatenate(margins), np.concatenate(held)
    sizes = np.array([x[:, :count].std(), x[:, count:].std()])
    scales = np.repeat(np.where(sizes > 1e-9, sizes, 1.0), count)
    x = x / scales
    rows, wanted = np.arange(len(truth)), np.eye(count)[truth]

    def split(flat: Array) -> tuple[Array, Array, Array]:
        weights = np.exp(flat[:2] + _FIRST)
        change = flat[2 + count :].reshape(2 * count, count)
        return weights, flat[2 : 2 + count], np.tensordot(weights, eyes, 1) + change

    ridge = np.concatenate([np.ones(2 + count), np.full(2 * count * count, _RIDGE)])

    def loss(flat: Array) -> tuple[float, Array]:
        weights, offset, mix = split(flat)
        logs = log_softmax(x @ mix + offset, axis=1)
        wrong = np.exp(logs) - wanted
        slope = x.T @ wrong
        own = weights * np.einsum("kij,ij->k", eyes, slope)
        whole = np.concatenate([own, wrong.sum(axis=0), slope.ravel()]) + ridge * flat
        return float((ridge * flat) @ flat / 2 - logs[rows, truth].sum()), whole

    _, offset, mix = split(minimize(loss, np.zeros(len(ridge)), jac=True, method="L-BFGS-B").x)
    return mix / scales[:, None], offset


def _loudest(text: str, ngrams: list[str], weights: Array, most: int) -> list[Reason]:
    told: list[Reason] = []
    taken = np.zeros(len(text), dtype=bool)
    for place in np.argsort(-weights, kind="stable"):
        if weights[place] <= 0 or len(told) == most:
            break
        ngram = ngrams[place]
        spans = [
            slice(at.start(), at.start() + len(ngram)) for at in re.finditer(f"(?={re.escape(ngram)})", text)
        ]
        if not any(taken[span].any() for span in spans):
            shown = ngram.replace(_START, "^").replace(_END, "$")
            told.append(Reason(shown, float(weights[place])))
        for span in spans:
            taken[span] = True
    return told
