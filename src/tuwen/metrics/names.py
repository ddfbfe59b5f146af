"""Figures by name, for command lines and for results that are kept."""

from __future__ import annotations

import re
from collections.abc import Callable

from tuwen.errors import InputError, unknown
from tuwen.metrics.first import MRR, MedianRank
from tuwen.metrics.metric import Metric
from tuwen.metrics.precision import AP, DENOMINATORS
from tuwen.metrics.top import NDCG, Hit, Precision, Recall

_FORM = re.compile(r"([a-z]+)(?:@(\d+|all))?(?:/([a-z]+))?")
_ALL: dict[str, Callable[[int | None], Metric]] = {"map": AP, "ndcg": NDCG, "mrr": MRR}
_TOP: dict[str, Callable[[int], Metric]] = {
    "recall": Recall,
    "hit": Hit,
    "hitrate": Hit,
    "precision": Precision,
}
_DENOMINATORS = {"map": DENOMINATORS, "recall": ("relevant", "min")}


def named(name: str) -> Metric:
    """The metric of a name: `map`, `map@50/found`, `recall@10/min`, `hit@1`, `precision@10`, `ndcg`, `rank`.

    `@` gives the places that count (`all` is the same as none), `/` the denominator.

    Raises:
        InputError: The name is none.
    """
    parts = _FORM.fullmatch(name.strip().lower())
    if not parts:
        raise InputError(
            f"{name!r} names no metric; write NAME, NAME@K or NAME@K/DENOMINATOR, as in map@50/min"
        )
    word, places, over = parts.groups()
    k = None if places in (None, "all") else int(places)
    if word not in {*_ALL, *_TOP, "rank"}:
        raise unknown("metric", word, [*_ALL, *_TOP, "rank"])
    if word in _TOP and k is None:
        raise InputError(f"{name!r} needs the number of places that count, as in {word}@10")
    if word == "rank" and places:
        raise InputError(f"{name!r} has places; the rank of the first true item has none: write 'rank'")
    if over and over not in _DENOMINATORS.get(word, ()):
        known = ", ".join(_DENOMINATORS.get(word, ())) or "none"
        raise InputError(f"{name!r} asks for the denominator {over!r}; {word} has {known}")
    if word == "rank":
        return MedianRank()
    if word == "map":
        return AP(k, next((known for known in DENOMINATORS if known == over), "relevant"))
    if word == "recall" and k is not None:
        return Recall(k, "min" if over == "min" else "relevant")
    return _ALL[word](k) if k is None or word in _ALL else _TOP[word](k)
