"""How good a library's rankings are, measured on the library itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from tuwen.errors import InputError
from tuwen.illustrate.base import Library
from tuwen.illustrate.evaluating import Agreement, agreement
from tuwen.illustrate.run import Illustrator

MOST = 4000  # items compared with each other


def agreements(library: Library) -> list[Agreement]:
    """AHR@10, 30 and 50 of paper 000 by class, with chance: do nearest pictures and nearest texts meet?

    Both lists hold items of the same class. Of more than 4,000 items, so many are drawn.

    Raises:
        InputError: Fewer than two items have a picture and a text.
    """
    spaces = [library.vectors.get(name) for name in ("image", "text")]
    if spaces[0] is None or spaces[1] is None:
        raise InputError("pictures and texts must both be compared for this; leave out neither")
    images, texts = spaces[0], spaces[1]
    rows = np.flatnonzero(images.any(axis=1) & texts.any(axis=1))
    if len(rows) < 2:
        raise InputError(f"{len(rows)} items have a picture and a text; at least 2 are needed")
    if len(rows) > MOST:
        rows = np.sort(np.random.default_rng(0).choice(rows, MOST, replace=False))
    classes = [library.classes[row] or "-" for row in rows]
    named = classes if len(set(classes)) > 1 else None
    return agreement(images[rows] @ images[rows].T, texts[rows] @ texts[rows].T, named)


def by_ranking(illustrator: Illustrator) -> list[dict[str, Any]]:
    """A row a ranking: its learned weight, and the mean reciprocal rank of the pictures it should find.

    Up to 400 of the library's headlines are asked, each with its own text taken out; its picture is looked
    for among those of a quarter of them, of which nothing was learned.

    Raises:
        InputError: The library has too few pairs.
    """
    learned = illustrator.learned()
    if learned is None:
        raise InputError("the library has fewer than 200 pictures with texts, too few to measure on")
    rows: list[dict[str, Any]] = [
        {"ranking": name, "weight": learned.weights[name], "mrr": learned.mrr[name]}
        for name in learned.weights
    ]
    rows.append({"ranking": "all alike", "weight": None, "mrr": learned.mrr["alike"]})
    rows.append({"ranking": "all, weighed", "weight": None, "mrr": learned.mrr["fused"]})
    return rows
