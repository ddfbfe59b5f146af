"""The class of news that a headline most probably has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tuwen.classes.base import TextClassifier
from tuwen.classes.titles import Titles
from tuwen.errors import InputError
from tuwen.illustrate.base import Library, Query

Guess = tuple[str, float | None]
"""A class, or none, and how probable it is where it was guessed."""


def guess(classifier: TextClassifier, queries: Sequence[Query], library: Library) -> list[Guess]:
    """The class of each question: as given, else the likeliest of those that the library has.

    A classifier may know classes that the library lacks; these are passed over.
    """
    made: list[Guess] = [(query.label, None) for query in queries]
    rows = [row for row, query in enumerate(queries) if query.text and not query.label]
    chances = classifier.probabilities([queries[row].text for row in rows])
    known = set(library.classes)
    for row, line in zip(rows, chances, strict=True):
        places = [place for place in np.argsort(-line) if classifier.classes_[place] in known]
        if places:
            made[row] = (classifier.classes_[places[0]], float(line[places[0]]))
    return made


def learned(library: Library) -> TextClassifier:
    """A classifier learned from the library's own texts and classes.

    Raises:
        InputError: Its texts do not have two classes.
    """
    pairs = [pair for pair in zip(library.texts, library.classes, strict=True) if all(pair)]
    if len({name for _, name in pairs}) < 2:
        raise InputError(
            "the library's texts have no two classes to learn from; index them with --label-column, name a "
            "classifier with --classifier, or keep to no class with --classifier none"
        )
    return Titles().fit([text for text, _ in pairs], [name for _, name in pairs])
