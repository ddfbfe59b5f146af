"""Step four as a whole: what joins the evidence of all candidates, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tuwen.resolve.base import Evidence, Labels
from tuwen.resolve.joining import FEWEST as FEWEST_LABELS
from tuwen.resolve.joining import Joint, Learned, join
from tuwen.resolve.labels import with_implied
from tuwen.resolve.mixture import FEWEST, estimate
from tuwen.resolve.resolution import Facts, Resolution


def rate(found: Resolution, model: Joint | str | Path | None) -> tuple[Learned, Labels] | None:
    """Give the candidates probabilities: by a model, by labels, or by a mixture.

    Returns:
        What was learned from labels, and these with what follows from them.
    """
    candidates, learned = found.candidates, None
    left_once, right_once = _once(found)
    labels = with_implied(found.labels, candidates, left_once=left_once, right_once=right_once)
    if model is not None:
        found.joint = model if isinstance(model, Joint) else Joint.load(Path(model))
    elif _can_learn(labels := _reached(labels, found)):
        places = candidates.rows_of(labels.left, labels.right)
        some = Evidence(found.evidence.names, found.evidence.values[places])
        learned = join(some, labels.match, labels.left)
        found.joint = learned.joint
    elif len(candidates) >= FEWEST:
        found.joint = estimate(found.evidence, candidates, left_once=left_once, right_once=right_once)
    if found.joint is not None:
        found.score = found.joint.probability(found.evidence)
    found.notes += _of_joining(found, labels, given=model is not None)
    return None if learned is None else (learned, labels)


def _once(found: Resolution) -> tuple[bool, bool]:
    """Whether a left item, and a right one, has one partner at most."""
    once = found.how in ("one-to-one", "mutual", "greedy")
    return once, once or found.how == "one-to-many"


def _reached(labels: Labels, found: Resolution) -> Labels:
    """The labels of pairs that blocking found by itself: others look like no candidate to be rated."""
    places = found.candidates.rows_of(labels.left, labels.right)
    own = ~np.isin(places, found.blocked.added)
    return Labels(labels.left[own], labels.right[own], labels.match[own], labels.contradictions)


def _can_learn(labels: Labels) -> bool:
    yes = int(labels.match.sum())
    return min(yes, len(labels) - yes) >= FEWEST_LABELS


def _of_joining(found: Resolution, labels: Labels, *, given: bool) -> list[str]:
    """What the user should know of the probabilities."""
    notes = []
    joint, count = found.joint, len(found.candidates)
    if len(labels) and not given and (joint is None or joint.origin == "mixture"):
        yes, no = int(labels.match.sum()), int((~labels.match).sum())
        notes.append(
            f"{yes} labelled matches and {no} non-matches are too few to learn from; {FEWEST_LABELS} of each "
            "are needed"
        )
    if joint is None:
        notes.append(f"{count} pairs are too few for probabilities; they go by similarity")
    elif joint.origin == "mixture":
        notes.append(
            "probabilities are estimates, not learned from labels: label some pairs on the review page for "
            "calibrated ones"
        )
    elif found.score.sum() > max(found.candidates.shape):
        notes.append(
            f"{found.score.sum():,.0f} matches are to be expected by the labels, more than there are items: "
            "label pairs of the review page, not ones picked at random, which are too easy"
        )
    return notes


def of_model(found: Resolution) -> Facts:
    """What the report says of the model."""
    joint = found.joint
    if joint is None:
        return [("learned from", "nothing: too few pairs")]
    if joint.origin == "labels":
        facts: Facts = [("learned from", "labels"), ("labels", int(joint.matches + joint.others))]
        return [*facts, ("log loss", joint.loss)]
    return [("learned from", "mixture"), ("supposed matches", joint.matches)]
