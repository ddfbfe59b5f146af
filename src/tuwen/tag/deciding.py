"""Which labels a picture gets, from their probabilities; none is an answer."""

from __future__ import annotations

import numpy as np

from tuwen.arrays import Array
from tuwen.tag.vocabulary import Vocabulary


def one_label(vocabulary: Vocabulary, own: Array, total: Array, threshold: float) -> list[list[int]]:
    """The most probable label with those above it, lowest first.

    Where it is less probable than the threshold, the lowest above it that is not; where none is, or all
    are 0, nothing.

    Args:
        vocabulary: The labels.
        own: (n, c) of each label itself.
        total: (n, c) with what is below it.
        threshold: Probability that is needed.
    """
    chosen = []
    for row, best in enumerate(own.argmax(axis=1).tolist()):
        chain = vocabulary.chain(best)
        while chain and (total[row, chain[0]] < threshold or not total[row, chain[0]]):
            chain.pop(0)
        chosen.append(chain)
    return chosen


def several(vocabulary: Vocabulary, total: Array, threshold: float, most: int) -> list[list[int]]:
    """Labels that are probable enough, the most probable of the lowest ones first, each with those above it.

    Args:
        vocabulary: The labels.
        total: (n, c) of each label, no less than of those below it.
        threshold: Probability that is needed.
        most: How many, without those above them.
    """
    chosen = []
    for row in total:
        enough = np.flatnonzero(row >= threshold)
        above = {one for place in enough.tolist() for one in vocabulary.chain(place)[1:]}
        lowest = [place for place in enough[np.argsort(-row[enough], kind="stable")].tolist()]
        kept = [place for place in lowest if place not in above][:most]
        chosen.append(list(dict.fromkeys(one for place in kept for one in vocabulary.chain(place))))
    return chosen
