"""What the steps of resolving hand on: two sides, candidate pairs, evidence, the truth, labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.errors import InputError
from tuwen.records import Picture, Refusal

Content = str | Picture


@dataclass(slots=True, kw_only=True)
class Side:
    """The items of one source that are compared with those of another, or among themselves.

    Attributes:
        name: Of the source, for people.
        kind: `image` or `text`.
        ids: (n,) unique.
        contents: (n,) the text, or the picture, of each.
        vectors: (n, d) float32 unit rows; a row of zeros where the encoder has nothing to say.
        columns: Values by column, n each; None where a value is missing.
        labels: (n,) class of each, None where there is none; empty when no item has any.
        entities: (n,) the entity that the source says each belongs to, or the record that it stands in;
            None where neither is known.
        refusals: What was left out, and why.
    """

    name: str
    kind: Modality
    ids: list[str]
    contents: list[Content]
    vectors: Array
    columns: dict[str, list[Any]] = field(default_factory=dict)
    labels: list[str | None] = field(default_factory=list)
    entities: list[str | None] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs that are worth a look; all others are held to be of different entities.

    Attributes:
        left: (m,) intp rows of the left side.
        right: (m,) intp rows of the right side; rows of the same side where `same`.
        shape: How many items the two sides have.
        same: Whether both are one side; then left < right, and there are n (n - 1) / 2 pairs in all.
    """

    left: Array
    right: Array
    shape: tuple[int, int]
    same: bool = False

    @classmethod
    def of(cls, left: Array, right: Array, shape: tuple[int, int], *, same: bool = False) -> Self:
        """Candidates by left row, then right row, each pair once; an item is never paired with itself."""
        left, right = np.asarray(left, dtype=np.intp), np.asarray(right, dtype=np.intp)
        if same:
            left, right = np.minimum(left, right), np.maximum(left, right)
            apart = left < right
            left, right = left[apart], right[apart]
        rows, columns = np.divmod(
            np.unique(left.astype(np.int64) * max(shape[1], 1) + right), max(shape[1], 1)
        )
        return cls(rows.astype(np.intp), columns.astype(np.intp), shape, same)

    def __len__(self) -> int:
        return len(self.left)

    @property
    def keys(self) -> Array:
        """(m,) int64, one number a pair, rising."""
        return self.left.astype(np.int64) * max(self.shape[1], 1) + self.right

    @property
    def total(self) -> int:
        """How many pairs there are in all, reached or not."""
        n, m = self.shape
        return n * (n - 1) // 2 if self.same else n * m

    def rows_of(self, left: Array, right: Array) -> Array:
        """Where pairs stand among the candidates, (t,) intp; -1 for those that are not reached."""
        left, right = np.asarray(left, dtype=np.int64), np.asarray(right, dtype=np.int64)
        if self.same:
            left, right = np.minimum(left, right), np.maximum(left, right)
        wanted, keys = left * max(self.shape[1], 1) + right, self.keys
        if not len(keys):
            return np.full(len(wanted), -1, dtype=np.intp)
        places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[places] == wanted, places, -1).astype(np.intp)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for and against each candidate pair.

    Attributes:
        names: Of the columns.
        values: (m, e) float32; larger speaks for the pair; NaN where nothing is known.
    """

    names: tuple[str, ...]
    values: Array

    def __getitem__(self, name: str) -> Array:
        return self.values[:, self.names.index(name)]


@dataclass(frozen=True, slots=True)
class Truth:
    """Which pairs really are of one entity: all of them, so that every other pair is not.

    Attributes:
        left: (t,) intp rows of the left side.
        right: (t,) intp rows of the right side; within one side left < right.
    """

    left: Array
    right: Array

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]], *, same: bool = False) -> Self:
        """The truth from pairs of rows, sorted, each once."""
        found = {(min(a, b), max(a, b)) if same else (a, b) for a, b in pairs}
        rows = np.array(sorted(pair for pair in found if not same or pair[0] < pair[1]), dtype=np.intp)
        return cls(*rows.reshape(-1, 2).T)

    @classmethod
    def of_entities(
        cls, left: Sequence[str | None], right: Sequence[str | None], *, same: bool = False
    ) -> Self:
        """The truth from the entity of each item; None belongs to none."""
        where: dict[str, list[int]] = {}
        for row, name in enumerate(right):
            if name is not None:
                where.setdefault(name, []).append(row)
        found = ((row, other) for row, name in enumerate(left) if name for other in where.get(name, ()))
        return cls.of(found, same=same)

    def __len__(self) -> int:
        return len(self.left)


@dataclass(frozen=True, slots=True)
class Labels:
    """Pairs that somebody decided on.

    Attributes:
        left: (l,) intp rows of the left side.
        right: (l,) intp rows of the right side.
        match: (l,) bool.
        contradictions: What could not be used, and why: pairs with two answers, ids that are not there.
    """

    left: Array
    right: Array
    match: Array
    contradictions: list[Refusal] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not len(self.left) == len(self.right) == len(self.match):
            raise InputError(
                f"there are {len(self.left)} left rows, {len(self.right)} right rows and {len(self.match)} "
                "answers; they must align"
            )

    def __len__(self) -> int:
        return len(self.left)
