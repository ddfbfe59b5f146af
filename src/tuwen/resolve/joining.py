"""Step four: all evidence of a pair as one probability, learned from pairs that somebody decided on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import Damaged, InputError
from tuwen.files import read_json, write_json
from tuwen.resolve.base import Evidence

FORMAT = 1
FOLDS = 5
FEWEST = 4  # matches, and non-matches, below which nothing is learned
_ARRAYS = ("centre", "scale", "weights")
_STRENGTHS = (0.01, 0.1, 1.0, 10.0, 100.0)
_ROWS = 1 << 18  # pairs rated at a time


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Joint:
    """A logistic model of the evidence, of which no piece may speak against a pair by being larger.

    Attributes:
        names: Of the evidence.
        centre: (e,) mean of each; what is not known counts as that.
        scale: (e,) standard deviation of each; 0 where nothing differs.
        weights: (e,) from 0 on.
        bias: Log odds of a pair whose evidence is the mean.
        origin: `labels`: probabilities are calibrated on labelled pairs. `mixture`: they are estimates.
        matches: Labelled matches learned from, or the number of matches that the mixture supposes.
        others: Labelled pairs that are none.
        loss: Log loss on labelled pairs, each by a model of the others; None for a mixture.
        threshold: What was decided by when it was learned; None for a mixture.
    """

    names: tuple[str, ...]
    centre: Array
    scale: Array
    weights: Array
    bias: float
    origin: Literal["labels", "mixture"]
    matches: float
    others: float
    loss: float | None = None
    threshold: float | None = None

    def probability(self, evidence: Evidence) -> Array:
        """Of each pair, (m,) float64.

        Raises:
            InputError: The evidence is other than what was learned from.
        """
        values = self.aligned(evidence)
        found = np.empty(len(values))
        for start in range(0, len(values), _ROWS):
            found[start : start + _ROWS] = sigmoid(
                self.shares(values[start : start + _ROWS]).sum(axis=1) + self.bias
            )
        return found

    def shares(self, values: Array) -> Array:
        """What each piece of evidence adds to the log odds of a pair that is average in all, (m, e)."""
        return standardised(values, self.centre, self.scale) * self.weights

    def aligned(self, evidence: Evidence) -> Array:
        """The evidence in the order of the model, (m, e); NaN for what is lacking and has no weight.

        Raises:
            InputError: Evidence with a weight is lacking.
        """
        if evidence.names == self.names:
            return evidence.values
        lacking = [name for name in self.names if name not in evidence.names]
        needed = [name for name in lacking if self.weights[self.names.index(name)] > 0]
        if needed:
            raise InputError(
                f"the model needs {', '.join(needed)}; here is {', '.join(evidence.names)}: "
                "compare the same columns"
            )
        unknown = np.full(len(evidence.values), np.nan, dtype=np.float32)
        return np.column_stack([unknown if name in lacking else evidence[name] for name in self.names])

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        made = asdict(self)
        write_json(path, {"format": FORMAT, **made, **{name: made[name].tolist() for name in _ARRAYS}})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            Damaged: It is no such file, or a newer one.
        """
        try:
            made: dict[str, Any] = dict(read_json(path))
            if made.pop("format") != FORMAT:
                raise Damaged(f"{path} is a model of another version of tuwen; learn it again")
            made |= {name: np.array(made[name], dtype=np.float64) for name in _ARRAYS}
            found = cls(**{**made, "names": tuple(made["names"])})
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise Damaged(f"{path} is no model of tuwen resolve ({error})") from error
        if not len(found.names) == len(found.centre) == len(found.scale) == len(found.weights):
            raise Damaged(f"{path} has evidence and weights that do not align; learn it again")
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learned:
    """A model, and what it says of the labelled pairs when it has not seen them.

    Attributes:
        joint: Of all labelled pairs.
        probability: (l,) of each labelled pair by a model of other items' pairs.
    """

    joint: Joint
    probability: Array


def join(evidence: Evidence, match: Array, groups: Array) -> Learned:
    """Learn from labelled pairs, with cross-validation.

    How strongly weights are held back is what gives the least log loss on pairs left out; pairs of one
    item are left out together. The log odds of the pairs left out are then scaled and moved so that they
    are calibrated (Platt 1999), and the model of all pairs likewise.

    Args:
        evidence: Of the labelled pairs, (l, e).
        match: (l,) bool.
        groups: (l,) the item of each pair that keeps pairs together.

    Raises:
        InputError: There are too few matches, or too few others.
    """
    match = np.asarray(match, dtype=bool)
    if match.sum() < FEWEST or (~match).sum() < FEWEST:
        raise InputError(
            f"there are {int(match.sum())} labelled matches and {int((~match).sum())} labelled non-matches "
            f"among the candidates; {FEWEST} of each are needed to learn from"
        )
    values = evidence.values.astype(np.float64)
    centre, scale = frame(values)
    z = standardised(values, centre, scale)
    folds = _folds(groups, match)
    tried = [_left_out(z, match, folds, strength) for strength in _STRENGTHS]
    losses = [log_loss(sigmoid(odds), match) for odds in tried]
    best = int(np.argmin(losses))
    slope, shift = _platt(tried[best], match)
    weights, bias = logistic(z, match, strength=_STRENGTHS[best])
    calibrated = np.empty(len(match))
    for fold in np.unique(folds):  # calibrated by the other folds, too
        one, two = _platt(tried[best][folds != fold], match[folds != fold])
        calibrated[folds == fold] = sigmoid(one * tried[best][folds == fold] + two)
    joint = Joint(
        names=evidence.names,
        centre=centre,
        scale=scale,
        weights=slope * weights,
        bias=slope * bias + shift,
        origin="labels",
        matches=float(match.sum()),
        others=float((~match).sum()),
        loss=log_loss(calibrated, match),
    )
    return Learned(joint=joint, probability=calibrated)


def logistic(z: Array, target: Array, *, strength: float) -> tuple[Array, float]:
    """Weights (e,), none below 0, and bias that explain a target in [0, 1] best.

    Args:
        z: (l, e) standardised evidence.
        target: (l,) True and False, or how sure it is.
        strength: The larger, the less the weights are held back.
    """
    from scipy.optimize import minimize

    wanted = np.asarray(target, dtype=np.float64)

    def loss(parts: Array) -> tuple[float, Array]:
        weights, bias = parts[:-1], parts[-1]
        odds = z @ weights + bias
        fault = sigmoid(odds) - wanted
        value = float((np.logaddexp(0, odds) - wanted * odds).sum()) + float(weights @ weights) / (
            2 * strength
        )
        return value, np.append(z.T @ fault + weights / strength, fault.sum())

    share = float(np.clip(wanted.mean(), 1e-6, 1 - 1e-6))
    begin = np.append(np.zeros(z.shape[1]), np.log(share / (1 - share)))
    bounds = [(0, None)] * z.shape[1] + [(None, None)]
    found = minimize(loss, begin, jac=True, method="L-BFGS-B", bounds=bounds).x
    return found[:-1], float(found[-1])


def standardised(values: Array, centre: Array, scale: Array) -> Array:
    """Evidence as distances from the mean in standard deviations, float64; 0 where it is not known."""
    z = (np.asarray(values, dtype=np.float64) - centre) / np.where(scale > 0, scale, np.inf)
    return np.nan_to_num(z, copy=False, nan=0.0)


def frame(values: Array) -> tuple[Array, Array]:
    """Mean and standard deviation of each column over what is known, (e,); 0 where nothing differs."""
    values = np.asarray(values, dtype=np.float64)
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    centre = np.where(known, values, 0.0).sum(axis=0) / count
    spread = np.sqrt((np.where(known, values - centre, 0.0) ** 2).sum(axis=0) / count)
    return centre, np.where(spread > 1e-9, spread, 0.0)


def sigmoid(odds: Array) -> Array:
    """Probabilities of log odds."""
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -500, 500))))


def log_loss(probability: Array, match: Array) -> float:
    """Mean of -log of the probability that was given to what is true."""
    sure = np.clip(probability, 1e-12, 1 - 1e-12)
    return float(-np.mean(np.where(match, np.log(sure), np.log1p(-sure))))


def _folds(groups: Array, match: Array) -> Array:
    """The fold of each pair: groups with a match and groups without are dealt out in turn."""
    names, place = np.unique(groups, return_inverse=True)
    has = np.zeros(len(names), dtype=bool)
    has[place[match]] = True
    order = np.random.default_rng(0).permutation(len(names))
    count = min(FOLDS, max(2, int(has.sum())))
    fold = np.empty(len(names), dtype=np.intp)
    for some in (order[has[order]], order[~has[order]]):
        fold[some] = np.arange(len(some)) % count
    return fold[place]


def _left_out(z: Array, match: Array, folds: Array, strength: float) -> Array:
    """The log odds of each pair by a model of the other folds, (l,)."""
    odds = np.empty(len(match))
    for fold in np.unique(folds):
        weights, bias = logistic(z[folds != fold], match[folds != fold], strength=strength)
        odds[folds == fold] = z[folds == fold] @ weights + bias
    return odds


def _platt(odds: Array, match: Array) -> tuple[float, float]:
    """Slope, from 0 on, and shift that calibrate log odds; targets are held off 0 and 1 as Platt does."""
    yes, no = match.sum(), (~match).sum()
    target = np.where(match, (yes + 1) / (yes + 2), 1 / (no + 2))
    spread = max(float(odds.std()), 1e-9)
    weights, shift = logistic(odds[:, None] / spread, target, strength=1e6)
    return float(weights[0]) / spread, shift
