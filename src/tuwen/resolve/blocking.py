"""Step two: the few pairs that are worth a look, out of all there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tuwen import index
from tuwen.arrays import Array
from tuwen.duplicates import plain
from tuwen.errors import InputError, unknown
from tuwen.matching import top_both
from tuwen.resolve.base import Candidates, Side, Truth

NEIGHBOURS = 20
CROWD = 1000  # items a side that one value of a key column may have; more would be no block
PAIRS = 10_000_000  # that one key column makes at most
LABEL = "label"
# from here on an index is faster than comparing everything (docs/resolve.md)
_EXACT = 3e11  # multiplications
_IVF_ROWS = 10_000
_QUERIES = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """Candidates, and what blocking did.

    Attributes:
        candidates: The pairs.
        sizes: Pairs that each way of blocking found, by its name.
        crowded: Values of key columns that too many items share; they made no block.
        added: (a,) intp places of candidates that blocking did not find: somebody decided on them.
    """

    candidates: Candidates
    sizes: dict[str, int]
    crowded: list[str]
    added: Array = field(default_factory=lambda: np.empty(0, dtype=np.intp))

    @property
    def reduction(self) -> float:
        """The share of all pairs that need no look; 1 is all of them."""
        total = self.candidates.total
        return 1 - len(self.candidates) / total if total else 0.0

    def completeness(self, truth: Truth) -> float:
        """The share of true pairs that are among the candidates; NaN without true pairs."""
        if not len(truth):
            return float("nan")
        return float((self.candidates.rows_of(truth.left, truth.right) >= 0).mean())


def block(
    left: Side,
    right: Side | None = None,
    *,
    neighbours: int = NEIGHBOURS,
    keys: Sequence[str] = (),
    within: str | None = None,
    approximate: bool | None = None,
    progress: Callable[[str, int, int | None], None] = lambda step, done, total: None,
) -> Blocked:
    """Candidate pairs: nearest neighbours both ways, and pairs that share the value of a key column.

    Memory is bounded by the candidates, never by all pairs.

    Args:
        left: One side.
        right: The other; None compares the side with itself.
        neighbours: Nearest items of the other side for each item, from both sides; 0 for none.
        keys: Columns of both sides whose equal values make candidates; `label` is the class. Values are
            compared without regard to case, width and punctuation; what is missing equals nothing.
        within: A column that both must agree on: neighbours are looked for inside its values.
        approximate: Whether to ask an index; None does when that is faster than comparing everything.
        progress: Told of each way of blocking.

    Raises:
        UnknownName: A column is not in both sides.
        InputError: Nothing is asked for.
    """
    if neighbours < 0:
        raise InputError(f"neighbours is {neighbours}; it must be 0 or more")
    if not neighbours and not keys:
        raise InputError("there is nothing to block on: give neighbours, or key columns")
    other, same = (left, True) if right is None else (right, False)
    shape = (len(left), len(other))
    lefts, rights, sizes, crowded = [], [], {}, []
    if neighbours:
        progress("neighbours", 0, None)
        found = [
            _neighbours(
                left.vectors[rows], other.vectors[columns], neighbours, same, approximate, rows, columns
            )
            for rows, columns in _groups(left, other, within)
        ]
        lefts, rights = [part[0] for part in found], [part[1] for part in found]
        sizes["neighbours"] = len(Candidates.of(_joined(lefts), _joined(rights), shape, same=same))
    for key in keys:
        progress(f"column {key}", 0, None)
        one, two, many = _equal(values_of(left, key), values_of(other, key))
        crowded += [f"{key} {value!r}" for value in many]
        made = Candidates.of(one, two, shape, same=same)
        sizes[key] = len(made)
        lefts.append(made.left)
        rights.append(made.right)
    candidates = Candidates.of(_joined(lefts), _joined(rights), shape, same=same)
    if within is not None:
        candidates = _agreeing(candidates, values_of(left, within), values_of(other, within))
    return Blocked(candidates=candidates, sizes=sizes, crowded=crowded)


def values_of(side: Side, column: str) -> list[Any]:
    """The values of a column, or of the labels.

    Raises:
        UnknownName: There is no such column.
    """
    if column in side.columns:
        return side.columns[column]
    if column == LABEL and side.labels:
        return list(side.labels)
    raise unknown(f"column of {side.name}", column, (*side.columns, *([LABEL] if side.labels else [])))


def _joined(parts: list[Array]) -> Array:
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.intp)


def key_of(value: Any) -> str | None:
    """What a value is compared by; None for what is missing."""
    return None if value is None else plain(str(value)) or None


def _groups(left: Side, right: Side, within: str | None) -> Iterator[tuple[Array, Array]]:
    """Rows of both sides that are looked for in each other; those without a vector are left out."""
    said = [np.flatnonzero(side.vectors.any(axis=1)) for side in (left, right)]
    if within is None:
        yield said[0], said[1]
        return
    found: list[dict[str, list[int]]] = [{}, {}]
    for side, rows, of in zip((left, right), said, found, strict=True):
        values = values_of(side, within)
        for row in rows.tolist():
            if (key := key_of(values[row])) is not None:
                of.setdefault(key, []).append(row)
    for key in sorted(found[0].keys() & found[1].keys()):
        yield np.array(found[0][key], dtype=np.intp), np.array(found[1][key], dtype=np.intp)


def _neighbours(
    left: Array, right: Array, k: int, same: bool, approximate: bool | None, rows: Array, columns: Array
) -> tuple[Array, Array]:
    """Rows of both sides of the pairs where one is among the other's k nearest."""
    if not len(left) or not len(right):
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    if approximate is None:
        approximate = float(len(left)) * len(right) * left.shape[1] > _EXACT
    k += same  # an item is its own nearest
    ways: list[tuple[Array, Array]] = []  # queries' and items' places
    if approximate:
        ways.append(_asked(left, right, k))
        if not same:
            ways.append(_asked(right, left, k)[::-1])
    else:
        found = top_both(left, right, k, both=not same)
        ways.append(_flat(found.items.indices))
        if found.queries is not None:
            ways.append(_flat(found.queries.indices)[::-1])
    return rows[_joined([way[0] for way in ways])], columns[_joined([way[1] for way in ways])]


def _flat(indices: Array) -> tuple[Array, Array]:
    """The pairs of a list of neighbours (n, k); -1 stands for none."""
    owners = np.repeat(np.arange(len(indices)), indices.shape[1])
    flat = indices.ravel()
    return owners[flat >= 0], flat[flat >= 0]


def _asked(queries: Array, items: Array, k: int) -> tuple[Array, Array]:
    """The k nearest items of each query, by an index."""
    keys = np.arange(len(items), dtype=np.int64)
    blocks = [
        (keys[start : start + _QUERIES], items[start : start + _QUERIES])
        for start in range(0, len(items), _QUERIES)
    ]
    sample = queries[np.linspace(0, len(queries) - 1, min(len(queries), 256)).astype(int)]
    kind = "ivf" if len(items) > _IVF_ROWS else "flat"
    made = index.build(kind, blocks, width=items.shape[1], count=len(items), queries=sample)
    found = [
        made.search(queries[start : start + _QUERIES], min(k, len(items))).keys
        for start in range(0, len(queries), _QUERIES)
    ]
    return _flat(np.concatenate(found))


def _equal(left: Sequence[Any], right: Sequence[Any]) -> tuple[Array, Array, list[str]]:
    """Rows of equal values, and the values that too many share."""
    groups: list[dict[str, list[int]]] = [{}, {}]
    for values, of in zip((left, right), groups, strict=True):
        for row, value in enumerate(values):
            if (key := key_of(value)) is not None:
                of.setdefault(key, []).append(row)
    lefts, rights, crowded, total = [], [], [], 0
    shared = groups[0].keys() & groups[1].keys()
    # the smallest blocks say most; so memory is bounded, whatever the columns hold
    for key in sorted(shared, key=lambda key: (len(groups[0][key]) * len(groups[1][key]), key)):
        one, two = groups[0][key], groups[1][key]
        total += len(one) * len(two)
        if max(len(one), len(two)) > CROWD or total > PAIRS:
            crowded.append(key)
            continue
        lefts.append(np.repeat(one, len(two)))
        rights.append(np.tile(two, len(one)))
    return _joined(lefts), _joined(rights), sorted(crowded)


def _agreeing(candidates: Candidates, left: Sequence[Any], right: Sequence[Any]) -> Candidates:
    """The candidates whose values are equal."""
    numbers: dict[str, int] = {}
    codes = [
        np.array(
            [
                -1 if (key := key_of(value)) is None else numbers.setdefault(key, len(numbers))
                for value in values
            ],
            dtype=np.int64,
        )
        for values in (left, right)
    ]
    one, two = codes[0][candidates.left], codes[1][candidates.right]
    kept = (one == two) & (one >= 0)
    return Candidates(candidates.left[kept], candidates.right[kept], candidates.shape, candidates.same)
