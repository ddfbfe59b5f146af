"""Do neighbours of an image and neighbours of its text agree? AHR@R of paper 000, with its chance level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.metrics.combinations import hypergeometric, log_choose
from tuwen.metrics.measured import Measured, Protocol
from tuwen.metrics.metric import Figure, check_k
from tuwen.metrics.sources import Scores, as_scores

#: Which lists hold only pairs of the same class: those of texts, those of both, or none.
Within = Literal["texts", "both", "none"]
_POOLS: dict[Within, str] = {
    "texts": "texts from the pair's class, images from all pairs",
    "both": "both lists from the pair's class",
    "none": "both lists from all pairs",
}


@dataclass(frozen=True)
class AHR(Figure):
    """Average hit rate: the share of pairs of which the R nearest images and the R nearest texts meet.

    Args:
        r: Neighbours of each, the pair itself not among them.
    """

    r: int

    def __post_init__(self) -> None:
        check_k(self.r)

    @property
    def title(self) -> str:
        """`AHR@10`."""
        return f"AHR@{self.r}"


def average_hit_rate(
    images: Scores | Array,
    texts: Scores | Array,
    r: int,
    *,
    classes: Array | None = None,
    within: Within = "texts",
) -> tuple[Measured, Measured]:
    """AHR@R of n pairs, and what lists drawn by chance from the same pools get.

    Neighbours of equal score at the end of a list are equally likely to be in it.

    Args:
        images: (n, n) scores of images among each other, larger is nearer; or `Vectors(x, x)`.
        texts: (n, n) the same of their texts.
        r: Length of both lists.
        classes: (n,) class of each pair.
        within: With classes, which lists hold only pairs of the same class: those of `texts` as in 000,
            `both`, or `none`.

    Returns:
        AHR@R, and its chance level, pair by pair. With pools of a and b pairs, one within the other, of
        which lists hold s and u: 1 - C(a - u, s) / C(a, s), where a is the larger.

    Raises:
        InputError: Shapes do not go together, a score is NaN, or an option is unknown.
    """
    images, texts, figure = as_scores(images), as_scores(texts), AHR(r)
    n = images.queries
    sizes = {images.queries, images.items, texts.queries, texts.items}
    if len(sizes) > 1:
        raise InputError(
            f"images are scored {images.queries} x {images.items} and texts {texts.queries} x {texts.items}; "
            "both are (n, n) over the same pairs"
        )
    if within not in _POOLS:
        raise InputError(f"within is {within!r}; it is one of {', '.join(map(repr, _POOLS))}")
    labels = np.zeros(n, dtype=np.int64) if classes is None else np.asarray(classes)
    if labels.shape != (n,):
        raise InputError(f"classes has shape {labels.shape}; there are {n} pairs, each with one class")
    values, chance = np.zeros((2, n))
    for start in range(0, n, images.rows):
        stop = min(start + images.rows, n)
        blocks = images.block(start, stop), texts.block(start, stop)
        for pair, image_row, text_row in zip(range(start, stop), *blocks, strict=True):
            others = np.arange(n) != pair
            same = others & (labels == labels[pair])
            pools = same if within == "both" else others, others if within == "none" else same
            values[pair] = _meet(_list(image_row, pools[0], r), _list(text_row, pools[1], r))
            chance[pair] = _by_chance(int(pools[0].sum()), int(pools[1].sum()), r)
    pools_of = _POOLS["none" if classes is None else within]
    protocol = Protocol(figure, "expected", "zero", "in both lists", n, 0, max(n - 1, 0), pools_of)
    return Measured(protocol, values), Measured(protocol, chance)


def _list(scores: Array, pool: Array, r: int) -> tuple[Array, Array, int]:
    """Those sure to be among the first r of the pool, those tied for the places left, how many these are."""
    inside = scores[pool]
    if np.isnan(inside).any():
        raise InputError("scores has NaN; a NaN has no place in an order")
    if len(inside) <= r:
        return pool, np.zeros_like(pool), 0
    last = np.partition(inside, -r)[-r]
    sure = pool & (scores > last)
    return sure, pool & (scores == last), r - int(sure.sum())


def _meet(one: tuple[Array, Array, int], other: tuple[Array, Array, int]) -> float:
    """Probability that two lists have a pair in common, over all orders of tied ones.

    `x` of the pairs that are tied in both lists are in the first; the second must then avoid them too.
    """
    sure, tied, places = one
    sure_too, tied_too, places_too = other
    if (sure & sure_too).any():
        return 1.0
    shared, barred, barred_too = (tied & tied_too).sum(), (tied & sure_too).sum(), (tied_too & sure).sum()
    free, size, size_too = tied.sum() - shared - barred, tied.sum(), tied_too.sum()
    x = np.arange(min(int(shared), places) + 1)
    first = log_choose(np.full_like(x, shared), x) + log_choose(np.full_like(x, free), places - x)
    first = np.exp(first - log_choose(np.array([size]), np.array([places])))
    second = hypergeometric(
        np.zeros_like(x), np.full_like(x, size_too), barred_too + x, np.full_like(x, places_too)
    )
    return float(1 - (first * second).sum())


def _by_chance(images: int, texts: int, r: int) -> float:
    larger, smaller = max(images, texts), min(images, texts)
    drawn = np.array([min(r, larger)])
    missed = log_choose(np.array([larger - min(r, smaller)]), drawn) - log_choose(np.array([larger]), drawn)
    return float(1 - np.exp(missed[0]))
