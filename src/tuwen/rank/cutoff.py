"""When nothing fits: a probability per query, learned from a collection's own pairs."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from tuwen.arrays import Array, check_matrix
from tuwen.errors import Damaged, InputError

DEPTH = 11  # the best score, and the next ten that it is held against
_FEWEST = 40  # queries below which neither half says anything
_RIDGE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    """A logistic model of the features, after `centre` and `scale`, (3,) each."""

    weights: Array
    bias: float
    centre: Array
    scale: Array
    threshold: float

    @classmethod
    def learn(cls, present: Array, absent: Array, target: float) -> Self:
        """From features (n, 3) of queries with and without a true item; accepts `target` of the latter."""
        sample = np.concatenate([present, absent])
        centre, scale = sample.mean(axis=0), np.maximum(sample.std(axis=0), 1e-9)
        labels = np.repeat([1.0, 0.0], [len(present), len(absent)])
        weights, bias = _logistic((sample - centre) / scale, labels)
        free = cls(weights, bias, centre, scale, 0.5)
        return replace(free, threshold=_quantile(free.rate(absent), 1 - target))

    def rate(self, features: Array) -> Array:
        """Probabilities, (n,)."""
        return _sigmoid((features - self.centre) / self.scale @ self.weights + self.bias)


@dataclass(frozen=True, slots=True, eq=False)
class Cutoff:
    """Says how probable it is that a collection holds something that fits a query.

    A flat cut of the cosine treats all queries alike. Here three things of each query are weighed by a
    logistic model: its best cosine; that cosine in standard deviations of the query's own cosines with a
    background sample; and its lead over the next ten, in the same unit. The model learns from queries
    whose true item is there, and from the same queries with their true items taken out of the answers.
    Probabilities are for one of two such cases at even odds.

    Attributes:
        model: How the three are weighed, and the probability above which something is said to fit.
        background: (b, d) float16 sample of the items.
        target: Share of queries without a true item that may be accepted.
        false_accepts: That share, measured: each half of the queries by a model of the other half.
        false_rejects: Share of queries with a true item that are refused, measured likewise.
        area: Probability that a query with a true item is rated above one without (AUC), likewise; near
            0.5 the encoder cannot tell, and the cutoff should not be used.
        count: Queries it was made from.
    """

    model: _Model
    background: Array
    target: float
    false_accepts: float
    false_rejects: float
    area: float
    count: int

    @classmethod
    def fit(
        cls,
        queries: Array,
        scores: Array,
        true: Array,
        background: Array,
        *,
        target: float = 0.05,
        seed: int = 0,
    ) -> Self:
        """Learn from all queries; measure each half with what the other half teaches.

        Args:
            queries: (n, d) unit vectors of validation queries.
            scores: (n, k) cosines of each one's best k items, best first; k should leave 11 when the true
                items are taken out, else the last is repeated; a query with none left does not count.
            true: (n, k) which of them are true.
            background: (b, d) unit vectors of items drawn at random; some hundreds.
            target: Share of queries without a true item that may be accepted.
            seed: Of the halves.

        Raises:
            InputError: Shapes do not agree, there are fewer than 40 queries, or `target` is not in (0, 1).
        """
        queries, scores = check_matrix("queries", queries), check_matrix("scores", scores)
        true = np.asarray(true, dtype=bool)
        background = check_matrix("background", background, queries.shape[1]).astype(np.float16)
        _check_shapes(queries, scores, true)
        usable = ~true.all(axis=1)  # else nothing is left when the true items are taken out
        queries, scores, true = queries[usable], scores[usable], true[usable]
        _check_enough(len(queries), background, target)
        present = _features(queries, scores, background)
        absent = _features(queries, _without(scores, true), background)
        order = np.random.default_rng(seed).permutation(len(queries))
        halves = order[: len(order) // 2], order[len(order) // 2 :]
        measured = [
            _measured(_Model.learn(present[learn], absent[learn], target), present[held], absent[held])
            for learn, held in (halves, halves[::-1])
        ]
        accepts, rejects, area = np.mean(measured, axis=0).tolist()
        model = _Model.learn(present, absent, target)
        return cls(
            model=model,
            background=background,
            target=target,
            false_accepts=accepts,
            false_rejects=rejects,
            area=area,
            count=len(queries),
        )

    def probabilities(self, queries: Array, scores: Array) -> Array:
        """How probable it is that something fits, (n,).

        Args:
            queries: (n, d) unit vectors.
            scores: (n, k) cosines of each one's best items, best first; 11 are looked at, and where there
                are fewer the last is repeated.

        Raises:
            InputError: Shapes do not agree.
        """
        queries = check_matrix("queries", queries, self.background.shape[1])
        scores = check_matrix("scores", scores)
        if len(scores) != len(queries):
            raise InputError(f"there are {len(queries)} queries but scores of {len(scores)}; they must align")
        if not scores.shape[1]:
            return np.zeros(len(queries))  # nothing is there, so nothing fits
        return self.model.rate(_features(queries, scores, self.background))

    def accepts(self, probabilities: Array) -> Array:
        """Whether something fits, (n,) bool: the probability is above the threshold."""
        return np.asarray(probabilities) > self.model.threshold

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON values, for `from_json`."""
        return {
            "format": 1,
            "weights": self.model.weights.tolist(),
            "bias": self.model.bias,
            "centre": self.model.centre.tolist(),
            "scale": self.model.scale.tolist(),
            "threshold": self.model.threshold,
            "background": base64.b64encode(self.background.astype("<f2").tobytes()).decode("ascii"),
            "width": self.background.shape[1],
            "target": self.target,
            "false_accepts": self.false_accepts,
            "false_rejects": self.false_rejects,
            "area": self.area,
            "count": self.count,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The cutoff that `to_json` described.

        Raises:
            Damaged: It is not such a description.
        """
        try:
            if value["format"] != 1:
                raise ValueError(f"its format is {value['format']}")
            data = np.frombuffer(base64.b64decode(value["background"], validate=True), dtype="<f2")
            arrays = {name: np.array(value[name], dtype=np.float64) for name in _ARRAYS}
            if any(array.shape != (3,) for array in arrays.values()):
                raise ValueError("it has other features")
            return cls(
                model=_Model(bias=float(value["bias"]), threshold=float(value["threshold"]), **arrays),
                background=data.astype(np.float16).reshape(-1, value["width"]),
                target=float(value["target"]),
                false_accepts=float(value["false_accepts"]),
                false_rejects=float(value["false_rejects"]),
                area=float(value["area"]),
                count=int(value["count"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise Damaged(f"this does not describe a cutoff ({error}); calibrate again") from error


_ARRAYS = ("weights", "centre", "scale")


def _measured(model: _Model, present: Array, absent: Array) -> tuple[float, float, float]:
    """False accepts, false rejects and the area under the curve."""
    yes, no = model.rate(present), model.rate(absent)
    below = np.searchsorted(np.sort(no), yes, side="left") + np.searchsorted(np.sort(no), yes, side="right")
    return (
        float(np.mean(no > model.threshold)),
        float(np.mean(yes <= model.threshold)),
        float(below.mean() / 2 / len(no)),
    )


def _check_shapes(queries: Array, scores: Array, true: Array) -> None:
    if scores.shape != true.shape or len(scores) != len(queries):
        raise InputError(
            f"queries, scores and true have shapes {queries.shape}, {scores.shape} and {true.shape}; "
            "they must agree: one row a query"
        )


def _check_enough(count: int, background: Array, target: float) -> None:
    if count < _FEWEST:
        raise InputError(
            f"there are {count} validation queries whose answers hold items that are not true; "
            f"at least {_FEWEST} are needed"
        )
    if len(background) < 2:
        raise InputError("a calibration needs a background of at least 2 items")
    if not 0 < target < 1:
        raise InputError(f"target is {target}; it is a share between 0 and 1, such as 0.05")


def _without(scores: Array, true: Array) -> Array:
    """The scores with the true items taken out, the others in order, the last repeated to the width."""
    order = np.argsort(true, axis=1, kind="stable")
    last = (~true).sum(axis=1, keepdims=True) - 1
    places = np.minimum(np.arange(scores.shape[1]), last)
    return np.take_along_axis(np.take_along_axis(scores, order, axis=1), places, axis=1)


def _features(queries: Array, scores: Array, background: Array) -> Array:
    """Best cosine, its place among the query's own cosines, and its lead, (n, 3) float64."""
    usual = queries @ background.T.astype(np.float32)
    middle = usual.mean(axis=1, dtype=np.float64)
    spread = np.maximum(usual.std(axis=1, dtype=np.float64), 1e-6)
    best = scores[:, 0].astype(np.float64)
    following = scores[:, np.minimum(np.arange(1, DEPTH), scores.shape[1] - 1)].mean(axis=1)
    return np.stack([best, (best - middle) / spread, (best - following) / spread], axis=1)


def _logistic(features: Array, labels: Array) -> tuple[Array, float]:
    """Weights and bias of a logistic regression with a small ridge, by Newton's method."""
    x = np.c_[features, np.ones(len(features))]
    penalty = np.diag([_RIDGE * len(x)] * features.shape[1] + [0.0])
    beta = np.zeros(x.shape[1])
    for _ in range(50):
        p = _sigmoid(x @ beta)
        gradient = x.T @ (p - labels) + penalty @ beta
        step = np.linalg.solve(
            (x * (p * (1 - p))[:, None]).T @ x + penalty + 1e-9 * np.eye(len(beta)), gradient
        )
        beta -= step
        if np.abs(step).max() < 1e-8:
            break
    return beta[:-1], float(beta[-1])


def _sigmoid(values: Array) -> Array:
    return np.asarray(0.5 * (1 + np.tanh(values / 2)))  # this form never overflows


def _quantile(values: Array, share: float) -> float:
    """The value that a new one of the same kind stays at or below with at least this probability."""
    place = int(np.ceil((len(values) + 1) * share)) - 1
    return float(np.sort(values)[min(place, len(values) - 1)])
