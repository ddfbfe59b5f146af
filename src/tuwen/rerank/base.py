"""What every reranker does, and how the scores of both stages become one order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.encoders.base import Source
from tuwen.errors import InputError, PictureError, TextError

#: Hits of stage one that are scored again when nothing else is said.
DEPTH = 100
#: How much stage two counts beside stage one; chosen on held-out training pairs, see docs/rerank.md.
WEIGHT = 2.0

Unreadable = PictureError | TextError
Item = TypeVar("Item")


class Reranker(ABC):
    """Scores a picture and a text together, better and slower than a comparison of vectors.

    What can be made of an item without its partner is made by `read`, so that it can be kept.

    Attributes:
        name: For people.
        keeps: Whether what `read` makes is worth keeping on disk.
    """

    name: str
    keeps: bool = False

    @abstractmethod
    def mark(self, kind: Modality) -> str:
        """Changes whenever `read` would make something else of an item of a kind."""

    @abstractmethod
    def read(
        self, items: Sequence[Source], kind: Modality, ids: Sequence[str] = ()
    ) -> list[Array | Unreadable]:
        """What `score` takes of each item, or why it cannot be read.

        Args:
            items: Pictures, or texts.
            kind: What they are.
            ids: Theirs, for encoders that look vectors up.
        """

    @abstractmethod
    def score(self, query: Array, items: Sequence[Array], kind: Modality) -> Array:
        """How well each item belongs to a query of the other kind, (n,) float32, higher is better.

        Args:
            query: What `read` made of it.
            items: What `read` made of them; at least one.
            kind: Of the items.
        """


def joined(first: Array, second: Array, weight: float = WEIGHT) -> Array:
    """Both stages as one score a candidate, (n,): z(first) + weight · z(second).

    The scales of two stages have nothing in common, a cosine beside a logit; so each becomes its distance
    from the candidates' mean in their standard deviations. Stage one counts too, as in BLIP-2's own
    evaluation (LAVIS#645).

    Args:
        first: (n,) scores of stage one.
        second: (n,) scores of stage two; NaN for what could not be scored, which counts as the mean.
        weight: Of stage two.
    """
    return np.asarray(standard(first) + weight * standard(second), dtype=np.float64)


def standard(values: Array) -> Array:
    """Distances from the mean in standard deviations, (n,); 0 where all are alike, and for NaN."""
    values = np.asarray(values, dtype=np.float64)
    known = np.isfinite(values)
    made = np.zeros(len(values))
    if known.any() and (deviation := values[known].std()) > 1e-12 * max(1.0, np.abs(values[known]).max()):
        made[known] = (values[known] - values[known].mean()) / deviation
    return made


def check(depth: int, weight: float | None) -> None:
    """Refuse what no reranking can be done with.

    Raises:
        InputError: The depth is no whole number from 1 on, or the weight is no number from 0 on.
    """
    if not isinstance(depth, int | np.integer) or depth < 1:
        raise InputError(f"depth is {depth!r}; it must be a whole number, at least 1")
    if weight is not None and not 0 <= weight < np.inf:
        raise InputError(f"the weight of the second stage is {weight}; it must be a number from 0 on")


def halved(
    make: Callable[[Sequence[Item], Sequence[str]], Sequence[Array]],
    items: Sequence[Item],
    ids: Sequence[str],
) -> list[Array | Unreadable]:
    """What `make` makes of all items at once; when one spoils the rest, it is looked for by halves."""
    if not items:
        return []
    try:
        return list(make(items, ids))
    except (PictureError, TextError) as error:
        if len(items) == 1:
            return [error]
    middle = len(items) // 2
    return [
        *halved(make, items[:middle], ids[:middle]),
        *halved(make, items[middle:], ids[middle:]),
    ]
