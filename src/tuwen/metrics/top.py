"""Figures of the first k places: recall, hits, precision, discounted gain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.metrics.combinations import discounts, log_choose
from tuwen.metrics.groups import Groups
from tuwen.metrics.metric import Metric, check_k


@dataclass(frozen=True)
class Recall(Metric):
    """True items among the first k, as a share.

    Args:
        k: Places that count.
        denominator: `relevant` divides by all true items (002 eq. 4), `min` by at most k (003 eq. 8).
    """

    k: int
    denominator: Literal["relevant", "min"] = "relevant"

    def __post_init__(self) -> None:
        check_k(self.k)
        if self.denominator not in ("relevant", "min"):
            raise InputError(f"denominator is {self.denominator!r}; it is 'relevant' or 'min'")

    @property
    def title(self) -> str:
        """`Recall@10 over relevant`."""
        over = "relevant" if self.denominator == "relevant" else f"min({self.k}, relevant)"
        return f"Recall@{self.k} over {over}"

    def of(self, groups: Groups) -> Array:
        """Recall of each query."""
        most = groups.total if self.denominator == "relevant" else np.minimum(groups.total, self.k)
        return np.asarray(groups.hits(self.k) / np.maximum(most, 1))


@dataclass(frozen=True)
class Hit(Metric):
    """Is any true item among the first k? HitRate@K of 004; R@K of papers with one true item a query.

    With G items above the best group that holds true items, r of its t items true and s = k - G places
    left, between 0 and t: 1 - C(t - r, s) / C(t, s).

    Args:
        k: Places that count.
    """

    k: int

    def __post_init__(self) -> None:
        check_k(self.k)

    @property
    def title(self) -> str:
        """`hit@10`."""
        return f"hit@{self.k}"

    def of(self, groups: Groups) -> Array:
        """Probability of a hit for each query."""
        above, size, true = groups.first()
        places = np.clip(self.k - above, 0, size)
        return np.asarray(1 - np.exp(log_choose(size - true, places) - log_choose(size, places)))


@dataclass(frozen=True)
class Precision(Metric):
    """True items among the first k, divided by k.

    Args:
        k: Places that count; where there are fewer items, the rest of the places counts as wrong.
    """

    k: int

    def __post_init__(self) -> None:
        check_k(self.k)

    @property
    def title(self) -> str:
        """`Precision@10`."""
        return f"Precision@{self.k}"

    def of(self, groups: Groups) -> Array:
        """Precision of each query."""
        return np.asarray(groups.hits(self.k) / self.k)


@dataclass(frozen=True)
class NDCG(Metric):
    """Discounted gain, 1 / log2(1 + rank) for each true item, as a share of the best there can be.

    Args:
        k: Places that count; all when None.
    """

    k: int | None = None

    def __post_init__(self) -> None:
        check_k(self.k)

    @property
    def title(self) -> str:
        """`nDCG@10`."""
        return f"nDCG@{'all' if self.k is None else self.k}"

    def of(self, groups: Groups) -> Array:
        """Normalised gain of each query."""
        gain = (groups.share * discounts(groups.above, groups.places(self.k))).sum(axis=1)
        most = groups.total if self.k is None else np.minimum(groups.total, self.k)
        best = discounts(np.zeros_like(most), most)
        return np.asarray(gain / np.where(most > 0, best, 1))
