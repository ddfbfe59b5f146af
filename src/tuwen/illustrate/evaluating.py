"""How good pictures for headlines are: what each signal finds of the true ones, and where signals agree."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tuwen import metrics
from tuwen.arrays import Array
from tuwen.errors import InputError, unknown
from tuwen.metrics import Comparison, Measured, Relevance
from tuwen.metrics.agreement import Within

ALL = "all"  # the row of every class together
LENGTHS = (10, 30, 50)  # of the lists that paper 000 compares
PLACES = (1, 5, 10)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often the nearest pictures and the nearest texts of an item meet: AHR@R of paper 000.

    Attributes:
        name: Of the class, or `all`.
        length: R, of both lists.
        items: How many items the figure is a mean of.
        rate: Share of them of which the two lists have an item in common.
        chance: What lists drawn by chance from the same pools get.
    """

    name: str
    length: int
    items: int
    rate: float
    chance: float

    @property
    def lift(self) -> float:
        """How many times chance the rate is; NaN where chance never meets."""
        return self.rate / self.chance if self.chance else float("nan")

    def to_dict(self) -> dict[str, Any]:
        """The row of a table."""
        return {
            "class": self.name, "r": self.length, "items": self.items,
            "ahr": self.rate, "chance": self.chance, "lift": self.lift,
        }  # fmt: skip


def agreement(
    images: Array,
    texts: Array,
    classes: Sequence[str] | None = None,
    *,
    lengths: Sequence[int] = LENGTHS,
    within: Within = "both",
) -> list[Agreement]:
    """AHR@R of each class with its chance level, and of all items together.

    In a class of some 170 items, lists of 30 meet by chance nearly always: read a rate beside its chance.

    Args:
        images: (n, n) scores of the items' pictures among each other, larger is nearer.
        texts: (n, n) the same of their texts.
        classes: (n,) class of each item; None makes one row a length, of all of them.
        lengths: R, of both lists.
        within: Which lists hold only items of the same class: `texts`, `both` or `none`.

    Returns:
        Rows by class, in order of their names, then those of all; by length within each.

    Raises:
        InputError: Shapes do not go together, a score is NaN, or an option is unknown.
    """
    # names as objects: of numbers and names mixed, numpy would make one kind
    names = None if classes is None else np.asarray([str(name) for name in classes])
    measured = [
        metrics.average_hit_rate(images, texts, length, classes=names, within=within) for length in lengths
    ]
    groups: list[tuple[str, Array]] = []
    if names is not None:
        groups = [(str(name), names == name) for name in np.unique(names)]
    groups.append((ALL, np.ones(len(np.asarray(images)), dtype=bool)))
    return [
        Agreement(
            name, length, int(rows.sum()), float(found.values[rows].mean()), float(chance.values[rows].mean())
        )
        for name, rows in groups
        for length, (found, chance) in zip(lengths, measured, strict=True)
    ]


def left_out(scores: Array, own: Sequence[int]) -> Array:
    """Scores of a signal that may not use the queries' own items: these come last, (queries, items).

    For signals that look for the headline's text among the library's texts, where it stands beside the true
    picture: a new headline stands nowhere yet.

    Args:
        scores: (queries, items), larger is better.
        own: (queries,) column of each query's own item.

    Raises:
        InputError: There is not one column a query, or one is not there.
    """
    made = np.array(scores, dtype=np.float64)
    columns = np.asarray(own)
    if made.ndim != 2 or columns.shape != (len(made),):
        raise InputError(f"scores has shape {made.shape} and own {columns.shape}; give one column a query")
    if len(columns) and not (columns.min() >= 0 and columns.max() < made.shape[1]):
        raise InputError(f"own names columns {columns.min()} to {columns.max()} of {made.shape[1]} items")
    made[np.arange(len(made)), columns] = -np.inf
    return made


@dataclass(frozen=True, eq=False)
class Finding:
    """Where each signal ranks the true pictures.

    Attributes:
        figures: By signal: `mrr`, `hit@K` and `recall@K`, each with the value of every query.
        chance: What ranking by chance gets, by figure.
        queries: How many headlines were asked.
        items: How many pictures they were asked of.
        classes: (queries,) class of each headline; None when unknown.
        fused: The signal that all others are compared with; None when there is none.
    """

    figures: dict[str, dict[str, Measured]]
    chance: dict[str, float]
    queries: int
    items: int
    classes: Array | None
    fused: str | None

    @cached_property
    def comparisons(self) -> dict[str, Comparison]:
        """MRR of the fused signal against each other one: difference, interval, paired test."""
        if self.fused is None:
            return {}
        ours = self.figures[self.fused]["mrr"]
        return {
            name: metrics.compare(ours, figures["mrr"])
            for name, figures in self.figures.items()
            if name != self.fused
        }

    def table(self) -> list[dict[str, Any]]:
        """A row a signal: each figure, the 95 % interval of MRR, and how the fused one differs."""
        rows = []
        for name, figures in self.figures.items():
            row: dict[str, Any] = {"signal": name}
            row |= {figure: measured.value for figure, measured in figures.items()}
            row["mrr_low"], row["mrr_high"] = metrics.interval(figures["mrr"])
            if name in self.comparisons:
                found = self.comparisons[name]
                row |= {"fused_more": found.difference, "low": found.low, "high": found.high, "p": found.p}
            rows.append(row)
        return rows

    def by_class(self, figure: str = "mrr") -> list[dict[str, Any]]:
        """A row a class with one figure of every signal; none where classes are unknown.

        Raises:
            UnknownName: No such figure was measured.
        """
        if figure not in self.chance:
            raise unknown("figure", figure, self.chance)
        if self.classes is None:
            return []
        rows = []
        for name in np.unique(self.classes):
            inside = self.classes == name
            row: dict[str, Any] = {"class": str(name), "queries": int(inside.sum())}
            for signal, figures in self.figures.items():
                row[signal] = float(figures[figure].values[inside].mean())
            rows.append(row)
        return rows


def finding(
    signals: Mapping[str, Array],
    ids: Sequence[str],
    true: Sequence[str | Collection[str]],
    *,
    fused: str | None = None,
    classes: Sequence[str] | None = None,
    at: Sequence[int] = PLACES,
) -> Finding:
    """How well each signal finds the true pictures of headlines.

    What a signal scores alike counts by the mean over all orders. Minus infinity is what a signal does not
    offer: it comes last, behind all that it does.

    Args:
        signals: By name, scores (queries, items), larger is better.
        ids: (items,) id of each picture, each once.
        true: For each headline the id of its picture, or the ids of several that are right.
        fused: Which of the signals is made from the others.
        classes: (queries,) class of each headline, for a table by class.
        at: K of hit rate and recall.

    Raises:
        InputError: Shapes do not go together, ids are given twice, a score is NaN, a headline has no true
            picture among the ids, or there is nothing to measure.
        UnknownName: There is no signal named as `fused` says.
    """
    relevant = _relevance(ids, true)
    if not signals or not len(true):
        raise InputError(f"there are {len(signals)} signals and {len(true)} headlines; one of each is needed")
    if taken := sorted({"class", "queries"} & set(signals)):
        raise InputError(f"a signal is named {taken[0]!r}, as a column of the table by class is; rename it")
    if fused is not None and fused not in signals:
        raise unknown("signal", fused, signals)
    if classes is not None and len(classes) != len(true):
        raise InputError(f"there are {len(classes)} classes but {len(true)} headlines; give one a headline")
    asked = [metrics.MRR(), *(metrics.Hit(k) for k in at), *(metrics.Recall(k) for k in at)]
    keys = ["mrr", *(f"hit@{k}" for k in at), *(f"recall@{k}" for k in at)]

    def figures(scores: Any) -> dict[str, Measured]:
        return dict(zip(keys, metrics.measure(scores, relevant, asked), strict=True))

    guessed = figures(metrics.Guessing(len(true), len(ids)))
    return Finding(
        figures={name: figures(scores) for name, scores in signals.items()},
        chance={key: measured.value for key, measured in guessed.items()},
        queries=len(true),
        items=len(ids),
        classes=None if classes is None else np.asarray([str(name) for name in classes]),
        fused=fused,
    )


def _relevance(ids: Sequence[str], true: Sequence[str | Collection[str]]) -> Relevance:
    """Pairs of headlines and their pictures."""
    places = {name: place for place, name in enumerate(ids)}
    if len(places) < len(ids):
        twice = next(name for place, name in enumerate(ids) if places[name] != place)
        raise InputError(f"the id {twice!r} is given twice; every picture needs an id of its own")
    pairs = []
    for query, given in enumerate(true):
        wanted = [given] if isinstance(given, str) else list(given)
        found = [places[name] for name in wanted if name in places]
        if not found:
            said = ", ".join(map(repr, wanted)) or "no id"
            raise InputError(
                f"headline {query} (counted from 0) has {said} as its true picture, which is not among the "
                f"{len(ids)} pictures; leave it out, or add the picture"
            )
        pairs += [(query, place) for place in found]
    return metrics.by_pairs(np.array(pairs).reshape(-1, 2), queries=len(true), items=len(ids))
