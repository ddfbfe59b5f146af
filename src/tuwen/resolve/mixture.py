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
_SETTLED = 1e-5


@dataclass(slots=True)
class _Kinds:
    """Two normal distributions of one width: what pairs of one entity look like, and what others do."""

    low: float
    high: float
    spread: float

    def odds(self, x: Array) -> Array:
        """Log of how much more often a match looks so; rises with x, since both are as wide."""
        return np.asarray((self.high - self.low) * (x - (self.high + self.low) / 2) / self.spread**2)


def estimate(evidence: Evidence, candidates: Candidates, *, left_once: bool, right_once: bool) -> Joint:
    """A model without labels, from how the evidence of the pairs is spread.

    One score a pair, how far its similarity is above its neighbours' together with what columns agree,
    is held to be a mixture of two normal distributions of equal width, so that the odds rise with the
    score. Where an item has one partner at most, the chances of its candidates and of having none add up
    to one (expectation maximisation over items instead of pairs): so the number of matches is bounded by
    the number of items, and what has close rivals is less sure. The weights of all evidence are then those
    of the logistic model that explains the mixture best.

    What comes out are estimates: the less the two kinds of pairs look like normal distributions that lie
    apart, the rougher (docs/resolve.md has measured ones). Labels make probabilities of them.

    Args:
        evidence: Of all candidates.
        candidates: The pairs.
        left_once: Whether a left item has one partner at most.
        right_once: The same for right items.

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
    x = _single(evidence.names, z)
    chances = _part(x, some, left_once=left_once, right_once=right_once)
    few = np.linspace(0, len(z) - 1, min(len(z), _PAIRS)).astype(np.intp)
    weights, bias = logistic(z[few], chances[few], strength=1.0)
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


def _single(names: tuple[str, ...], z: Array) -> Array:
    """One score a pair before anything is learned, (m,): the vectors count as much as each column."""
    derived = {SIMILARITY, ABOVE, *RANKS, *LEADS}
    columns = [place for place, name in enumerate(names) if name == ABOVE or name not in derived]
    return np.asarray(z[:, columns].mean(axis=1))


def _part(x: Array, candidates: Candidates, *, left_once: bool, right_once: bool) -> Array:
    """The chance that each pair is a match, (m,)."""
    sides = [(candidates.left, candidates.shape[0])] * left_once
    sides += [(candidates.right, candidates.shape[1])] * right_once
    chances = _first(x, candidates)
    shares = [0.5] * max(len(sides), 1)
    kinds = _kinds(x, chances)
    for _ in range(_ROUNDS):
        odds = np.clip(kinds.odds(x), -50, 50)
        made = []
        for place, (owner, count) in enumerate(sides):
            made.append(_one_at_most(odds, owner, count, shares[place]))
            shares[place] = float(np.clip(made[-1].sum() / len(np.unique(owner)), 1e-3, 0.999))
        if not sides:
            made.append(sigmoid(odds + np.log(shares[0] / (1 - shares[0]))))
            shares[0] = float(np.clip(made[0].mean(), 1e-6, 0.5))
        # where both sides have a say, what neither doubts
        new = np.exp(np.mean([np.log(np.maximum(part, 1e-300)) for part in made], axis=0))
        moved, chances = float(np.abs(new - chances).max()), new
        kinds = _kinds(x, chances)
        if moved < _SETTLED:
            break
    return chances


def _first(x: Array, candidates: Candidates) -> Array:
    """Where to begin: pairs that are each other's best may be matches, others hardly."""
    best = [np.full(count, -np.inf) for count in candidates.shape]
    for owner, top in zip((candidates.left, candidates.right), best, strict=True):
        np.maximum.at(top, owner, x)
    if candidates.same:
        best = [np.maximum(*best)] * 2
    mutual = (x >= best[0][candidates.left]) & (x >= best[1][candidates.right])
    return np.where(mutual, 0.5, 0.0)


def _kinds(x: Array, chances: Array) -> _Kinds:
    total = float(chances.sum())
    high = float((chances * x).sum() / max(total, 1e-9))
    low = float(((1 - chances) * x).sum() / max(len(x) - total, 1e-9))
    variance = float((chances * (x - high) ** 2 + (1 - chances) * (x - low) ** 2).mean())
    return _Kinds(low, max(high, low), max(variance, 1e-12) ** 0.5)


def _one_at_most(odds: Array, owner: Array, count: int, share: float) -> Array:
    """The chance of each pair when its owner has one match at most, and any with a chance of `share`."""
    sizes = np.bincount(owner, minlength=count)
    worth = np.exp(odds) * share / sizes[owner]
    sums = np.bincount(owner, weights=worth, minlength=count)
    return np.asarray(worth / (1 - share + sums[owner]))
