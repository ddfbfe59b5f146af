"""Retrieve fast, rerank smart: what a second stage gains over the first, and what it costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tuwen import methods
from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.fitting import make
from tuwen.methods import Method
from tuwen.metrics import Comparison, Measured, Relevance, compare, measure, named
from tuwen.metrics.sources import Scores, as_scores
from tuwen.rerank import DEPTH, WEIGHT, check, joined

#: Scores by stage two of some items, named by their rows, for the query of a row: (n,).
Judge = Callable[[int, Array], Array]
#: Options of a cell that are of its second stage; the others are of `similarity`.
OPTIONS = ("rerank", "depth")
WEIGHTS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0)


def second_of(options: Mapping[str, str], seed: int) -> tuple[Method, bool] | None:
    """The second stage that options of a cell name, and whether it is fitted already; None without.

    Args:
        options: `rerank` is a method, perhaps with parameters (`matching_head,epochs=5`), to be fitted as
            the first stage is; or a folder with a fitted one.
        seed: Of a method that is to be fitted.

    Raises:
        UnknownName: There is no such method or parameter.
        InputError: A parameter has a wrong value.
    """
    spec = options.get("rerank", "")
    if not spec:
        return None
    if (Path(spec) / "method.json").is_file():
        return methods.load(Path(spec)), True
    name, *pairs = spec.split(",")
    given = {key: value for key, _, value in (pair.partition("=") for pair in pairs)}
    return make(name, {"seed": str(seed), **given}), False


class Reranked(Scores):
    """Scores of stage one, among which the first `depth` of each query are in the order of both stages.

    Args:
        first: Scores of stage one.
        judge: Stage two.
        depth: How many are judged; equal scores at the border count in the order of the items.
        weight: Of stage two.

    Attributes:
        ms: Mean milliseconds a query that judging took.
    """

    def __init__(self, first: Scores, judge: Judge, depth: int = DEPTH, weight: float = WEIGHT) -> None:
        check(depth, weight)
        self.first, self.weight = first, weight
        self.queries, self.items = first.queries, first.items
        self.depth = min(depth, first.items)
        shape = self.queries, self.depth
        self._near = np.empty(shape, dtype=np.int32)
        self._scores = np.empty((2, *shape), dtype=np.float32)
        seconds = 0.0
        for start in range(0, self.queries, first.rows):
            block = first.block(start, min(start + first.rows, self.queries))
            for row, scores in enumerate(block, start):
                near = np.argsort(-scores.astype(np.float32), kind="stable")[: self.depth]
                begin = time.perf_counter()
                self._scores[1, row] = judge(row, near)
                seconds += time.perf_counter() - begin
                self._near[row], self._scores[0, row] = near, scores[near]
        self.ms = 1000 * seconds / max(1, self.queries)

    def block(self, start: int, stop: int) -> Array:
        """Scores of some queries; those that were judged lie above all others."""
        scores = self.first.block(start, stop).astype(np.float64)
        for row, values in enumerate(scores, start):
            both = joined(self._scores[0, row], self._scores[1, row], self.weight)
            values[self._near[row]] = values.max() + 1 + both - both.min()
        return scores

    def weighted(self, weight: float) -> Reranked:
        """The same scores with another weight of stage two; nothing is judged again."""
        check(self.depth, weight)
        other = object.__new__(Reranked)
        vars(other).update(vars(self) | {"weight": weight})
        return other


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoStage:
    """What a second stage gains.

    Attributes:
        first: Figures of stage one, by metric.
        both: Of both stages.
        gains: Both minus first, with interval and p of a paired test over the queries.
        bound: Share of queries of which a true item is among those judged: no hit@k can exceed it with k
            up to the depth.
        depth: How many items are judged.
        weight: Of stage two.
        ms: Mean milliseconds a query of stage two.
    """

    first: dict[str, Measured]
    both: dict[str, Measured]
    gains: dict[str, Comparison]
    bound: float
    depth: int
    weight: float
    ms: float


def twostage(
    first: Scores | Array,
    judge: Judge,
    relevant: Relevance,
    *,
    depth: int = DEPTH,
    weight: float = WEIGHT,
    metrics: Sequence[str] = ("hit@1", "hit@5", "hit@10"),
    draws: int = 10_000,
    **how: Any,
) -> TwoStage:
    """Measure stage one, both stages, and the difference.

    The design of Geigle et al. (Retrieve Fast, Rerank Smart, TACL 2022), for any two stages.

    Args:
        first: Scores of stage one, queries by items.
        judge: Stage two.
        relevant: What is true.
        depth: How many items of each query are judged.
        weight: Of stage two; choose it on other queries, with `choose`.
        metrics: As `metrics.named` takes them.
        draws: Of the paired test and its interval.
        how: Further arguments of `metrics.measure`.

    Raises:
        InputError: The depth or the weight is out of range.
    """
    reranked = first if isinstance(first, Reranked) else Reranked(as_scores(first), judge, depth, weight)
    figures = [named(name) for name in metrics]
    one = dict(zip(metrics, measure(reranked.first, relevant, figures, **how), strict=True))
    two = dict(zip(metrics, measure(reranked, relevant, figures, **how), strict=True))
    (bound,) = measure(reranked.first, relevant, [named(f"hit@{reranked.depth}")], **how)
    return TwoStage(
        first=one,
        both=two,
        gains={name: compare(two[name], one[name], draws=draws) for name in metrics},
        bound=bound.value,
        depth=reranked.depth,
        weight=reranked.weight,
        ms=reranked.ms,
    )


def choose(
    stages: Sequence[tuple[Reranked, Relevance]],
    weights: Sequence[float] = WEIGHTS,
    metric: str = "hit@1",
) -> tuple[float, dict[float, float]]:
    """The weight of stage two that is best on held-out queries, and the mean figure of each.

    Args:
        stages: Scores and what is true, such as of both directions.
        weights: What is tried; of equal ones, the first wins.
        metric: What is compared.

    Raises:
        InputError: Nothing is given to choose from.
    """
    if not stages or not weights:
        raise InputError("there is nothing to choose from; give scores of held-out queries, and weights")
    found = {
        weight: float(
            np.mean([measure(one.weighted(weight), true, [named(metric)])[0].value for one, true in stages])
        )
        for weight in weights
    }
    return max(found, key=lambda weight: found[weight]), found


def judge_of(method: Method, images: Array, texts: Array, *, turned: bool) -> Judge:
    """A fitted method as stage two.

    Args:
        method: Scores pairs of features.
        images: (n, d), or (n, parts, d) for methods on sets.
        texts: The same of texts.
        turned: Texts ask; else images do.
    """

    def judge(row: int, near: Array) -> Array:
        if turned:
            return np.asarray(method.similarity(images[near], texts[row : row + 1])[:, 0])
        return np.asarray(method.similarity(images[row : row + 1], texts[near])[0])

    return judge
