"""How alike the values of two columns are, pair by pair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tuwen.arrays import Array
from tuwen.duplicates import plain
from tuwen.resolve.base import Candidates, Side
from tuwen.resolve.blocking import LABEL

_PAIRS = 1 << 16  # pairs compared at a time
_GRAMS = (2, 3)  # letters; a word's begin and end count as blanks, so that one character is two pairs


def shared_columns(left: Side, right: Side, *, without: Sequence[str] = ()) -> tuple[str, ...]:
    """The columns, and the labels, that both sides have values in; not the one that is the text itself."""
    both = [
        name
        for name in left.columns
        if name in right.columns and name not in without and not _is_text(name, left, right)
    ]
    # a class that stands in a column of its own is compared once
    has_label = bool(left.labels and right.labels) and LABEL not in without and LABEL not in both
    if has_label and not any(left.columns[name] == left.labels for name in both):
        both.append(LABEL)
    return tuple(both)


def _is_text(name: str, left: Side, right: Side) -> bool:
    """Whether a column is what both texts are made of: its letters are compared already."""
    return all(side.kind == "text" and side.columns[name] == side.contents for side in (left, right))


def compared(left: Sequence[Any], right: Sequence[Any], candidates: Candidates) -> Array:
    """How alike two columns are for each candidate pair, (m,) float32 in [0, 1]; NaN where a value lacks.

    Numbers by their difference as a share of the larger; everything else by the letters: the cosine of
    their pairs and triples, rare ones counting more. Equal values, but for case, width and punctuation,
    are 1.
    """
    known = [np.array([value is not None for value in values], dtype=bool) for values in (left, right)]
    if _numeric(left) and _numeric(right):
        found = _differences(left, right, candidates)
    else:
        found = grams([_words(value) for value in left], [_words(value) for value in right], candidates)
    found[~(known[0][candidates.left] & known[1][candidates.right])] = np.nan
    return found


def grams(left: Sequence[str], right: Sequence[str], candidates: Candidates) -> Array:
    """Cosine of the weighted pairs and triples of letters of two texts, (m,) float32, pair by pair."""
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

    hashed = HashingVectorizer(
        analyzer="char_wb", ngram_range=_GRAMS, alternate_sign=False, norm=None, dtype=np.float32
    )
    parts = [hashed.transform([plain(text) for text in texts] or [""]) for texts in (left, right)]
    from scipy.sparse import vstack

    weigh = TfidfTransformer(sublinear_tf=True).fit(vstack(parts))
    one, two = (weigh.transform(part).astype(np.float32) for part in parts)
    found = np.empty(len(candidates), dtype=np.float32)
    for start in range(0, len(found), _PAIRS):
        some = slice(start, start + _PAIRS)
        product = one[candidates.left[some]].multiply(two[candidates.right[some]])
        found[some] = np.asarray(product.sum(axis=1)).ravel()
    return np.clip(found, 0, 1)


def _words(value: Any) -> str:
    return "" if value is None else str(value)


def _numeric(values: Sequence[Any]) -> bool:
    """Whether every value that is there is a number."""
    given = [value for value in values if value is not None]
    return bool(given) and all(isinstance(v, int | float) and not isinstance(v, bool) for v in given)


def _differences(left: Sequence[Any], right: Sequence[Any], candidates: Candidates) -> Array:
    columns = [np.array([0.0 if v is None else float(v) for v in values]) for values in (left, right)]
    one, two = columns[0][candidates.left], columns[1][candidates.right]
    largest = np.maximum(np.maximum(np.abs(one), np.abs(two)), 1e-300)
    return np.asarray(np.clip(1 - np.abs(one - two) / largest, 0, 1), dtype=np.float32)
