"""A figure as it was measured: its protocol in one line, and the value of every query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tuwen.arrays import Array
from tuwen.metrics.groups import Ties
from tuwen.metrics.metric import Figure

#: What becomes of queries without a true item: left out of the mean, or counted as 0.
Empty = Literal["skip", "zero"]
EMPTY: tuple[Empty, ...] = ("skip", "zero")


@dataclass(frozen=True)
class Protocol:
    """All that decides what a figure means.

    Attributes:
        metric: What is measured.
        ties: What becomes of items of equal score.
        empty: What becomes of queries without a true item.
        relevant: What makes an item true.
        queries: How many queries there are.
        without: How many of them have no true item.
        items: How many items are ranked for each.
        note: What else decides, such as codes of items made from both modalities.
    """

    metric: Figure
    ties: Ties
    empty: Empty
    relevant: str
    queries: int
    without: int
    items: int
    note: str = ""

    def __str__(self) -> str:
        skipped = "skipped" if self.empty == "skip" else "counted as 0"
        parts = [
            self.metric.title,
            f"true: {self.relevant}",
            f"ties: {self.ties}",
            f"{self.queries} queries, {self.without} without true items {skipped}",
            f"{self.items} items",
        ]
        return "; ".join([*parts, self.note] if self.note else parts)


@dataclass(frozen=True, eq=False)
class Measured:
    """A figure of a ranking.

    Attributes:
        protocol: What was measured, and how.
        values: (queries,) float64; NaN for queries that are skipped.
    """

    protocol: Protocol
    values: Array

    @property
    def mean(self) -> float:
        """Mean over the queries that count; NaN when there is none."""
        counted = self.values[~np.isnan(self.values)]
        return float(counted.mean()) if len(counted) else float("nan")

    @property
    def value(self) -> float:
        """The figure as it is reported: the mean, or the median of ranks."""
        if self.protocol.metric.summary == "mean":
            return self.mean
        counted = self.values[~np.isnan(self.values)]
        return float(np.median(counted)) if len(counted) else float("nan")

    def __str__(self) -> str:
        return f"{self.value:.4f} ({self.protocol})"
