"""Step four without labels: two kinds of pairs, parted by their looks and by how many there can be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.resolve.base import Candidates, Evidence
from tuwen.resolve.joining import Joint, frame, logistic, sigmoid, standardised
from tuwen.resolve.scoring import ABOVE, LEADS, RANKS, SIMILARITY

FEWEST = 20
_ITEMS = 20_000  # of the left side that the mixture is learned from
_PAIRS = 400_000  # that weights are learned from
_ROUNDS = 200
_FARTHEST = 4.0  # standard deviations
_SETTLED = 1e-5
_EDGES = (0.25, 0.5, 0.75, 0.9, 0.97, 0.99)
# made of the similarity, so that they say nothing that it does not
_DERIVED = {SIMILARITY, ABOVE, *RANKS, *LEADS}


@dataclass(frozen=True, slots=True)
class _Levels:
    """A column cut into levels at its quantiles.

    Attributes:
        place: (m,) level of each pair, -1 where the value is not known.
        count: How many levels there are.
    """

    place: Array
    count: int


def estimate(
    evidence: Evidence, candidates: Candidates, *, left_once: bool = True, right_once: bool = True
) -> Joint:
    """A model without labels, from how the evidence of the pairs is spread.

    How far its similarity is above its neighbours' is held to be a mixture of two normal distributions of
    equal width. Every other piece of evidence is cut into levels, and how much more often matches reach a
    level than others do is counted (Fellegi & Sunter 1969), never falling from level to level. So the odds
    rise with the evidence. An item is supposed to have one partner at most: the chances of its candidates
    and of having none add up to one (expectation maximisation over items instead of pairs). So the number
    of matches is bounded by the number of items, and what has close rivals is less sure. The weights of all
    evidence are then those of the logistic model that explains the chances best.

    Where items of both sides may have several partners, that is supposed nevertheless while the two kinds
    are told apart, since most have one or none; then pairs go by what they look like alone. Ranks and leads,
    which speak against a second partner, get no weight on a side that may have one.

    What comes out are estimates: the less the two kinds of pairs look like normal distributions that lie
    apart, the rougher (docs/resolve.md has measured ones). Labels make probabilities of them.

    Args:
        evidence: Of all candidates.
        candidates: The pairs.
        left_once: Whether a left item has one partner at most.
        right_once: The same for right items; within one side, for both ends.

    Raises:
        InputError: There are too few candidates.
    """
    if len(candidates) < FEWEST:
        raise InputError(
            f"there are {len(candidates)} candidates; without labels {FEWEST} are needed to tell matches "
            "from others"
        )
    kept = _sample(candidates)
    some = Candidates(candidates.left[kept], candidates.right[kept], candidates.shape, candidates.same)
    centre, scale = frame(evidence.values[kept])
    z = standardised(evidence.values[kept], centre, scale)
    chances = _part(
        evidence.names, evidence.values[kept], z, some, left_once=left_once, right_once=right_once
    )
    few = np.linspace(0, len(z) - 1, min(len(z), _PAIRS)).astype(np.intp)
    once = {RANKS[0]: left_once, LEADS[0]: left_once, RANKS[1]: right_once, LEADS[1]: right_once}
    used = np.flatnonzero([once.get(name, True) for name in evidence.names])
    weights = np.zeros(len(evidence.names))
    weights[used], bias = logistic(z[np.ix_(few, used)], chances[few], strength=1.0)
    return Joint(
        names=evidence.names,
        centre=centre,
        scale=scale,
        weights=weights,
        bias=bias,
        origin="mixture",
        matches=float(chances.sum()) * len(candidates) / len(kept),
        others=float((1 - chances).sum()) * len(candidates) / len(kept),
    )


def _sample(candidates: Candidates) -> Array:
    """All candidates of some left items, evenly spread."""
    items = np.unique(candidates.left)
    if len(items) <= _ITEMS:
        return np.arange(len(candidates))
    chosen = items[np.linspace(0, len(items) - 1, _ITEMS).astype(np.intp)]
    return np.flatnonzero(np.isin(candidates.left, chosen))


def _part(
    names: tuple[str, ...],
    values: Array,
    z: Array,
    candidates: Candidates,
    *,
    left_once: bool,
    right_once: bool,
) -> Array:
    """The chance that each pair is a match, (m,)."""
    own = [place for place, name in enumerate(names) if name not in _DERIVED]
    columns = [_levels(values[:, place]) for place in own if np.isfinite(values[:, place]).any()]
    above = z[:, names.index(ABOVE)]
    chances = _first(
        np.clip(z[:, [names.index(ABOVE), *own]], -_FARTHEST, _FARTHEST).mean(axis=1), candidates
    )
    sides: list[tuple[tuple[Array, ...], int]] = []
    if candidates.same:  # an item may stand on either end
        sides.append(((candidates.left, candidates.right), candidates.shape[0]))
    else:
        either = left_once == right_once
        sides += [((candidates.left,), candidates.shape[0])] * (left_once or either)
        sides += [((candidates.right,), candidates.shape[1])] * (right_once or either)
    shares = [0.5] * len(sides)
    for _ in range(_ROUNDS):
        odds = _normal(above, chances) + sum(_counted(column, chances) for column in columns)
        odds = np.clip(odds, -50, 50)
        made: list[Array] = []
        for place, (ends, count) in enumerate(sides):
            chances_by_end, shares[place] = _one_at_most(odds, ends, count, shares[place])
            made += chances_by_end
        # where both sides have a say, what neither doubts
        new = np.exp(np.mean([np.log(np.maximum(part, 1e-300)) for part in made], axis=0))
        moved, chances = float(np.abs(new - chances).max()), new
        if moved < _SETTLED:
            break
    if left_once or right_once:
        return chances
    # what both kinds look like is known now; a pair goes by that alone, whatever partners there are beside
    share = float(np.clip(chances.mean(), 1e-9, 0.5))
    return sigmoid(odds + np.log(share / (1 - share)))


def _first(x: Array, candidates: Candidates) -> Array:
    """Where to begin: pairs that are each other's best may be matches, others hardly."""
    best = [np.full(count, -np.inf) for count in candidates.shape]
    for owner, top in zip((candidates.left, candidates.right), best, strict=True):
        np.maximum.at(top, owner, x)
    if candidates.same:
        best = [np.maximum(*best)] * 2
    mutual = (x >= best[0][candidates.left]) & (x >= best[1][candidates.right])
    return np.where(mutual, 0.5, 0.0)


def _normal(x: Array, chances: Array) -> Array:
    """Log of how much more often a match looks so: two normal distributions of one width, (m,)."""
    total = float(chances.sum())
    high = float((chances * x).sum() / max(total, 1e-9))
    low = float(((1 - chances) * x).sum() / max(len(x) - total, 1e-9))
    variance = float((chances * (x - high) ** 2 + (1 - chances) * (x - low) ** 2).mean())
    # both are as wide, so this rises with x
    return np.asarray((max(high, low) - low) * (x - (high + low) / 2) / max(variance, 1e-12))


def _levels(values: Array) -> _Levels:
    known = np.isfinite(values)
    edges = np.unique(np.quantile(values[known], _EDGES))
    return _Levels(np.where(known, np.searchsorted(edges, values), -1), len(edges) + 1)


def _counted(column: _Levels, chances: Array) -> Array:
    """Log of how much more often matches reach a pair's level, (m,); 0 where nothing is known."""
    from sklearn.isotonic import isotonic_regression

    known = column.place >= 0
    place, some = column.place[known], chances[known]
    yes = np.bincount(place, weights=some, minlength=column.count)
    no = np.bincount(place, weights=1 - some, minlength=column.count)
    half = 0.5 * column.count
    ratio = np.log((yes + 0.5) / (yes.sum() + half)) - np.log((no + 0.5) / (no.sum() + half))
    rising = isotonic_regression(ratio, sample_weight=yes + no + 1e-9)
    return np.where(known, rising[column.place], 0.0)


def _one_at_most(odds: Array, ends: tuple[Array, ...], count: int, share: float) -> tuple[list[Array], float]:
    """The chance of each pair when an item has one match at most, and any with a chance of `share`.

    Args:
        odds: (m,) log odds.
        ends: The item of each pair, (m,); two where an item may stand on either end.
        count: How many items there are.
        share: As above.

    Returns:
        The chances by each end, and the share that they make.
    """
    sizes = np.sum([np.bincount(end, minlength=count) for end in ends], axis=0)
    worth = np.exp(odds)
    sums = np.sum([np.bincount(end, weights=worth, minlength=count) for end in ends], axis=0)
    one = share / np.maximum(sizes, 1)  # of a pair, before it is looked at
    none = 1 - share + one * sums
    chances = [worth * (one / none)[end] for end in ends]
    has = sizes > 0
    return chances, float(np.clip((one * sums / none)[has].mean(), 1e-3, 0.999))
