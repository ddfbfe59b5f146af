"""The base of every index: it checks, maps keys to positions and filters; a kind only searches."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from tuwen.arrays import Array, check_matrix
from tuwen.errors import Damaged, InputError
from tuwen.index import exact, stored
from tuwen.index.keys import Keys


@dataclass(frozen=True, slots=True)
class Hits:
    """What a search found, best first.

    Attributes:
        keys: (n_queries, k) int64 row addresses, -1 where there are fewer than k.
        scores: (n_queries, k) float32, larger is better: cosine, or bits that agree minus bits that
            differ; -inf where the key is -1.
    """

    keys: Array
    scores: Array

    @classmethod
    def none(cls, queries: int, k: int) -> Hits:
        """Hits without a hit, (queries, k)."""
        return cls(
            np.full((queries, k), -1, dtype=np.int64), np.full((queries, k), -np.inf, dtype=np.float32)
        )


class Index(ABC):
    """Finds the stored rows nearest to a query.

    Rows have int64 keys that the caller chooses. Removed rows are marked and skipped; `needs_rebuild`
    says when there are too many of them. A subclass stores rows in the order of `add` (their position),
    and writes the private methods at the end.

    Attributes:
        kind: The name in the registry.
        width: Dimensions of a vector, or bits of a code.
        measured: What was measured when the index was built, such as `recall` at 10; saved with it.
    """

    kind: ClassVar[str]
    width: int
    measured: dict[str, float]
    dead_share: ClassVar[float] = 0.2  # of removed rows, from which on a new index is better
    few: ClassVar[int] = 2_000  # allowed rows up to which all of them are compared, or one in a hundred

    def __init__(self, width: int) -> None:
        if width < 1:
            raise InputError(f"width is {width}; it must be at least 1")
        self.width = width
        self.measured = {}
        self._keys = Keys()

    @classmethod
    def build(
        cls,
        blocks: Iterable[tuple[Array, Array]],
        *,
        width: int,
        count: int,
        queries: Array | None = None,
        folder: Path | None = None,
    ) -> Self:
        """An index of all rows of the blocks; see `tuwen.index.build`."""
        index = cls(width)
        for keys, vectors in blocks:
            index.add(keys, vectors)
        return index

    @property
    def keys(self) -> Array:
        """Keys of the rows that can be found, (n,) int64, in the order they were added."""
        return self._keys.live()

    def __len__(self) -> int:
        return self._keys.count

    def __contains__(self, key: int) -> bool:
        return bool(self._keys.positions(np.array([key], dtype=np.int64))[0] >= 0)

    @property
    def needs_rebuild(self) -> bool:
        """Whether a fifth of the stored rows are removed ones, so that a new index would be better."""
        return self._keys.dead > self.dead_share * max(1, len(self._keys))

    def add(self, keys: Array, vectors: Array) -> None:
        """Add rows.

        Args:
            keys: (n,) integers, none of them in the index, none negative.
            vectors: (n, width); codes are (n, width // 8) uint8.

        Raises:
            InputError: Shapes, values or keys are wrong; nothing was added.
        """
        rows = self._check_rows("vectors", vectors)
        keys = self._keys.check_new(keys, len(rows))
        if len(rows):
            self._append(rows)
            self._keys.append(keys)

    def remove(self, keys: Array) -> int:
        """Make rows impossible to find; unknown keys are passed over. Returns how many were removed."""
        return self._keys.remove(np.asarray(keys, dtype=np.int64).reshape(-1))

    def search(
        self, queries: Array, k: int, *, allowed: Array | None = None, effort: float | None = None
    ) -> Hits:
        """The k best rows for each query.

        Args:
            queries: (n, width); codes are (n, width // 8) uint8.
            k: How many; what there is less is padded with key -1 and score -inf.
            allowed: Keys among which to look; None for all. Few of them are compared exactly.
            effort: Times the work of the default (1.0): more finds more, less is faster, `math.inf`
                compares every row. An exact kind takes no notice.

        Raises:
            InputError: Shapes, values, k or effort are wrong.
        """
        queries = self._check_rows("queries", queries)
        check_search(k, effort)
        positions = None
        if allowed is not None:
            found = self._keys.positions(np.asarray(allowed, dtype=np.int64).reshape(-1))
            positions = found[found >= 0]
            if not (np.diff(positions) > 0).all():
                positions = np.unique(positions)
            if len(positions) == len(self):
                positions = None
        room = len(self) if positions is None else len(positions)
        wanted = min(k, room)
        hits = Hits.none(len(queries), k)
        if wanted == 0 or len(queries) == 0:
            return hits
        if positions is not None and len(positions) <= max(self.few, self.few * len(self) // 200_000):
            where, scores = self._scan_few(queries, wanted, positions)
        else:
            mask = self._keys.mask(positions)
            if effort == math.inf:
                where, scores = self._scan_all(queries, wanted, mask)
            else:
                where, scores = self._scan(queries, wanted, mask, room, 1.0 if effort is None else effort)
        hits.keys[:, :wanted] = self._keys.at(where)
        hits.scores[:, :wanted] = scores
        return hits

    def vectors(self, keys: Array) -> Array:
        """The stored rows of these keys, (n, width) float32 or (n, width // 8) uint8.

        Raises:
            InputError: A key is not in the index.
        """
        keys = np.asarray(keys, dtype=np.int64).reshape(-1)
        positions = self._keys.positions(keys)
        if len(positions) and positions.min() < 0:
            raise InputError(f"key {keys[positions.argmin()]} is not in the index")
        return self._take(positions)

    def save(self, folder: Path, stamp: dict[str, Any]) -> None:
        """Save into a folder in one step: a reader finds the old index or the new one, never a part.

        Processes that save into the same folder wait for each other; the last one wins. Any number may read.

        Args:
            folder: Made when absent; holds one index.
            stamp: JSON values that say what the index was made of; `load` wants the same.
        """
        with stored.saving(folder) as draft:
            draft.write("keys", self._keys.all())
            draft.write("alive", np.packbits(self._keys.alive()))
            state = self._write(draft)
            draft.commit(
                {
                    "kind": self.kind,
                    "width": self.width,
                    "count": len(self._keys),
                    "stamp": stamp,
                    "measured": self.measured,
                    "state": state,
                }
            )
        self._saved(draft)

    @classmethod
    def load(cls, folder: Path, stamp: dict[str, Any]) -> Self | None:
        """The index saved in a folder; None when it is absent, damaged, of another kind or stamp.

        Checksums are compared before a library reads a byte. The files are a cache of the caller's own
        rows: what cannot be read is built again, so the reason is of no interest here.
        """
        saved = stored.reading(folder)
        try:
            if saved is None or saved.head["kind"] != cls.kind or saved.head["stamp"] != stamp:
                return None
            index = cls(int(saved.head["width"]))
            count = int(saved.head["count"])
            keys = saved.read("keys", "int64")
            alive = np.unpackbits(saved.read("alive", "uint8"), count=count).astype(bool)
            if len(keys) != count:
                return None
            index._keys.restore(keys, alive)
            index.measured = dict(saved.head["measured"])
            index._read(saved, saved.head["state"])
        except (OSError, Damaged, KeyError, TypeError, ValueError, RuntimeError):
            return None
        return index

    @abstractmethod
    def _append(self, rows: Array) -> None:
        """Store checked rows behind those there are."""

    @abstractmethod
    def _scan(
        self, queries: Array, k: int, mask: Array | None, room: int, effort: float
    ) -> tuple[Array, Array]:
        """Positions (n, k) and scores (n, k) of the best rows; k <= room, every place is filled.

        `mask` (stored rows,) bool says which rows count, None for all; `room` is how many do.
        """

    @abstractmethod
    def _scan_all(self, queries: Array, k: int, mask: Array | None) -> tuple[Array, Array]:
        """The same, exactly, by comparing every row that counts."""

    @abstractmethod
    def _scan_few(self, queries: Array, k: int, positions: Array) -> tuple[Array, Array]:
        """The same among these rising positions, exactly; k <= len(positions)."""

    @abstractmethod
    def _check_rows(self, name: str, rows: Array) -> Array:
        """Rows as they are stored and compared.

        Raises:
            InputError: They cannot be.
        """

    @abstractmethod
    def _take(self, positions: Array) -> Array:
        """Stored rows at positions."""

    @abstractmethod
    def _write(self, draft: stored.Draft) -> dict[str, Any]:
        """Write what the kind holds besides keys; returns JSON values for `_read`."""

    @abstractmethod
    def _read(self, saved: stored.Saved, state: dict[str, Any]) -> None:
        """Take over what `_write` wrote; the keys are there already."""

    def _saved(self, draft: stored.Draft) -> None:  # noqa: B027 - most kinds hold nothing to give back
        """A save has taken effect."""


class VectorIndex(Index):
    """The base of the kinds that compare vectors by cosine: rows and queries are scaled to length one."""

    def _check_rows(self, name: str, rows: Array) -> Array:
        return check_vectors(name, rows, self.width)

    def _scan_few(self, queries: Array, k: int, positions: Array) -> tuple[Array, Array]:
        blocks = (
            (positions[start : start + exact.ROWS], self._take(positions[start : start + exact.ROWS]))
            for start in range(0, len(positions), exact.ROWS)
        )
        return exact.best(queries, k, lambda: blocks, self._keys.all())


def check_search(k: int, effort: float | None) -> None:
    """Refuse a `k` or an `effort` that makes no sense.

    Raises:
        InputError: k is below one, or effort not above zero.
    """
    if k < 1:
        raise InputError(f"k is {k}; it must be at least 1")
    if effort is not None and not effort > 0:
        raise InputError(f"effort is {effort}; it must be a positive number (1.0 is the default)")


def check_vectors(name: str, rows: Array, width: int) -> Array:
    """Rows as (n, width) float32 of length one.

    Raises:
        InputError: Not a matrix of that width, not finite, or a row is all zero.
    """
    rows = check_matrix(name, rows, width)
    norms = np.linalg.norm(rows, axis=1)
    if len(norms) and not norms.min() > 1e-12:
        raise InputError(f"{name} has a zero vector in row {norms.argmin()}; it has no direction to compare")
    if len(norms) and np.abs(norms - 1).max() > 1e-6:
        rows = rows / norms[:, None]
    return rows
