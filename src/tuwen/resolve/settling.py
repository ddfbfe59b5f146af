"""Step five: the threshold, and with it which pairs are kept; what was labelled stays as it was labelled."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.resolve.base import Labels
from tuwen.resolve.curves import pair_curve
from tuwen.resolve.joining import Learned
from tuwen.resolve.resolution import Resolution
from tuwen.resolve.threshold import threshold_for, threshold_of_best_f1

Aim = float | Literal["f1"]

_EVEN = 0.5  # from here on a pair is more likely a match than not
_NOTHING = float(np.nextafter(1.0, 2.0))  # a threshold that no probability reaches


def choose(
    found: Resolution,
    learned: tuple[Learned, Labels] | None,
    threshold: float | None,
    aim: Aim | None,
) -> None:
    """Set the threshold: as told, for an aim, the model's, or one half.

    Args:
        found: With probabilities.
        learned: What was learned, and the labels that it was learned from.
        threshold: The one that was asked for.
        aim: What the share of true pairs among those kept should be, or the best F1 to be expected.

    Raises:
        InputError: Both are given, or an aim where there are no probabilities.
    """
    what = "the best F1" if aim == "f1" else "a target precision"
    if threshold is not None and aim is not None:
        raise InputError(f"give a threshold or {what}, not both")
    if found.joint is None:
        if aim is not None:
            raise InputError(f"{what} needs probabilities; there are too few pairs for any")
        return
    if aim == "f1":
        eligible = found.matches(found.candidates, found.score, None)
        found.threshold = threshold_of_best_f1(found.score[eligible], float(found.score.sum()))
    elif aim is not None:
        _for_precision(found, learned, aim)
    elif threshold is None:
        found.threshold = _EVEN if found.joint.threshold is None else found.joint.threshold
    if learned is not None:
        found.joint = replace(found.joint, threshold=found.threshold)


def _for_precision(found: Resolution, learned: tuple[Learned, Labels] | None, precision: float) -> None:
    if not 0 < precision < 1:
        raise InputError(f"the target precision is {precision}; it is a share above 0 and below 1")
    if learned is None:
        # the mean estimate of the pairs above a threshold is the precision that is to be expected
        falling = np.sort(found.score)[::-1]
        expected = np.cumsum(falling) / np.arange(1, len(falling) + 1)
        reached = np.flatnonzero(expected >= precision)
        found.threshold = float(falling[reached[-1]]) if len(reached) else _NOTHING
        found.notes.append(f"the threshold for a precision of {precision} rests on estimates, not on labels")
        return
    labels, rated = learned[1], learned[0].probability
    eligible = found.matches(labels, rated, None)
    curve = pair_curve(rated[eligible], labels.match[eligible], int(labels.match.sum()))
    found.chosen = threshold_for(curve, precision)
    if found.chosen is None:
        found.threshold = _NOTHING
        found.notes.append(
            f"no threshold reaches a precision of {precision} on the labelled pairs; none is kept"
        )
        return
    found.threshold = found.chosen.value
    if not found.chosen.sure:
        found.notes.append(
            f"{found.chosen.pairs} labelled pairs are too few to be sure of a precision of {precision}: at "
            f"least {found.chosen.low:.2f}"
        )


def decided(found: Resolution) -> Array:
    """The candidates that match; what somebody decided on is as decided."""
    candidates, labels = found.candidates, found.labels
    rated = found.score.copy()
    places = candidates.rows_of(labels.left, labels.right)
    rated[places] = np.where(labels.match, 2.0, -2.0)
    kept = found.matches(candidates, rated, found.threshold)
    lost = np.setdiff1d(places[labels.match], kept)
    if len(lost):
        found.notes.append(
            f"{len(lost)} pairs labelled as matches do not go with {found.how} and are not kept"
        )
    return np.setdiff1d(kept, places[~labels.match])
