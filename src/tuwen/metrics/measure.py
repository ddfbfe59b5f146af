"""Measure rankings, block by block and in threads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.metrics.groups import TIES, Ties, packed
from tuwen.metrics.measured import EMPTY, Empty, Measured, Protocol
from tuwen.metrics.metric import Metric
from tuwen.metrics.precision import AP, Denominator
from tuwen.metrics.relevance import Relevance, as_relevance
from tuwen.metrics.sources import Scores, as_scores

_THREADS = 8  # more of them would need more memory than they save time


def measure(
    scores: Scores | Array,
    relevant: Relevance | Array,
    metrics: Sequence[Metric],
    *,
    ties: Ties = "expected",
    empty: Empty = "skip",
    note: str = "",
    threads: int | None = None,
) -> list[Measured]:
    """Figures of one ranking, all from one pass over the scores.

    Args:
        scores: (n, m), larger is better; or `Codes`, `Vectors`, which compute a block at a time.
        relevant: From `by_labels` or `by_pairs`, or a bool matrix (n, m).
        metrics: What to measure.
        ties: What becomes of items of equal score: the mean over all their orders (`expected`), true ones
            first (`best`) or last (`worst`), or the order of the items (`stable`).
        empty: Queries without a true item are left out (`skip`) or count as 0 (`zero`).
        note: What else belongs to the protocol.
        threads: How many; one for each core, up to eight, when None. Each holds a block of scores.

    Raises:
        InputError: Numbers of queries or items differ, a score is NaN, or an option is unknown.
    """
    scores, relevance = as_scores(scores), as_relevance(relevant)
    if (scores.queries, scores.items) != (relevance.queries, relevance.items):
        raise InputError(
            f"scores are of {scores.queries} queries and {scores.items} items, but relevant tells of "
            f"{relevance.queries} and {relevance.items}"
        )
    _check_options(metrics, ties, empty)
    if threads is not None and threads < 1:
        raise InputError(f"threads is {threads}; it must be at least 1")

    def one(start: int) -> tuple[Array, list[Array]]:
        groups = scores.groups(start, min(start + scores.rows, scores.queries), relevance, ties)
        return groups.total > 0, [metric.of(groups) for metric in metrics]

    starts = range(0, scores.queries, scores.rows)
    if threads is None:
        threads = min(_THREADS, os.cpu_count() or 1)
    with ThreadPoolExecutor(threads, thread_name_prefix="measure") as pool:
        blocks = list(pool.map(one, starts))
    if not blocks:
        nothing = packed([], scores.items)
        blocks = [(np.zeros(0, dtype=bool), [metric.of(nothing) for metric in metrics])]
    some = np.concatenate([block[0] for block in blocks])
    measured = []
    for place, metric in enumerate(metrics):
        values = np.concatenate([block[1][place] for block in blocks])
        values[~some] = np.nan if empty == "skip" else 0
        without = int((~some).sum())
        protocol = Protocol(metric, ties, empty, relevance.rule, len(some), without, scores.items, note)
        measured.append(Measured(protocol, values))
    return measured


def mean_ap(
    scores: Scores | Array,
    relevant: Relevance | Array,
    *,
    k: int | None = None,
    denominator: Denominator = "relevant",
    ties: Ties = "expected",
    empty: Empty = "skip",
    note: str = "",
) -> Measured:
    """Mean average precision: `measure` with one metric, `AP(k, denominator)`."""
    return measure(scores, relevant, [AP(k, denominator)], ties=ties, empty=empty, note=note)[0]


def _check_options(metrics: Sequence[Metric], ties: str, empty: str) -> None:
    for name, value, known in (("ties", ties, TIES), ("empty", empty, EMPTY)):
        if value not in known:
            raise InputError(f"{name} is {value!r}; it is one of {', '.join(map(repr, known))}")
    ranks = [metric.title for metric in metrics if empty == "zero" and not metric.can_be_zero]
    if ranks:
        raise InputError(f"{ranks[0]} of a query without a true item cannot be 0; use empty='skip'")
