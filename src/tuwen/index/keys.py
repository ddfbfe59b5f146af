"""The keys of an index: which row stands where, and which rows are removed."""

from __future__ import annotations

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError


class Keys:
    """Keys by position, with removed rows marked.

    Attributes:
        count: Rows that are not removed.
    """

    def __init__(self) -> None:
        self._store = np.empty(0, dtype=np.int64)
        self._marks = np.empty(0, dtype=bool)
        self._size = 0
        self.count = 0
        self.rising = True  # each key larger than the one before: then no sorted copy is needed
        self._sorter: Array | None = None

    def __len__(self) -> int:
        return self._size

    @property
    def dead(self) -> int:
        """Rows that are removed."""
        return self._size - self.count

    def all(self) -> Array:
        """Every key ever added, by position, (stored,) int64."""
        return self._store[: self._size]

    def alive(self) -> Array:
        """Which positions are not removed, (stored,) bool."""
        return self._marks[: self._size]

    def live(self) -> Array:
        """Keys that are not removed, in the order of their positions."""
        return self.all().copy() if not self.dead else self.all()[self.alive()]

    def check_new(self, keys: Array, count: int) -> Array:
        """`keys` as (count,) int64 that can be added.

        Raises:
            InputError: Not as many as rows, not integers, negative, twice, or there already.
        """
        keys = np.asarray(keys)
        if keys.shape != (count,):
            raise InputError(
                f"keys has shape {keys.shape} but there are {count} vectors; give one key a vector"
            )
        if count == 0:
            return keys.astype(np.int64)
        if keys.dtype.kind not in "iu":
            raise InputError(f"keys are {keys.dtype}; they must be integers")
        if keys.dtype == np.uint64 and keys.max() > np.iinfo(np.int64).max:
            raise InputError(f"key {keys.max()} does not fit in 63 bits")
        keys = keys.astype(np.int64)
        if keys.min() < 0:
            raise InputError(f"key {keys.min()} is negative; -1 stands for no hit")
        rising = bool((np.diff(keys) > 0).all())
        if not rising:
            values, counts = np.unique(keys, return_counts=True)
            if len(values) < count:
                raise InputError(f"key {values[counts.argmax()]} is given {counts.max()} times")
        if not (rising and self.rising and (self._size == 0 or keys[0] > self._store[self._size - 1])):
            there = self.positions(keys) >= 0
            if there.any():
                raise InputError(f"key {keys[there][0]} is in the index already; remove it first")
        return keys

    def append(self, keys: Array) -> None:
        """Add checked keys behind those there are."""
        size = self._size + len(keys)
        if size > len(self._store):
            room = max(size, 2 * len(self._store), 1024)
            self._store = np.resize(self._store, room) if self._size else np.empty(room, dtype=np.int64)
            self._marks = np.resize(self._marks, room) if self._size else np.empty(room, dtype=bool)
        joined = self._store[max(0, self._size - 1) : size]
        self._store[self._size : size] = keys
        self._marks[self._size : size] = True
        self.rising = self.rising and bool((np.diff(joined) > 0).all())
        self._size = size
        self.count += len(keys)
        self._sorter = None

    def restore(self, keys: Array, alive: Array) -> None:
        """Take over saved keys and marks."""
        self.append(keys)
        self._marks[: self._size] = alive
        self.count = int(alive.sum())

    def remove(self, keys: Array) -> int:
        """Mark rows as removed; returns how many were there."""
        found = np.unique(self.positions(keys))
        found = found[found >= 0]
        self._marks[found] = False
        self.count -= len(found)
        return len(found)

    def positions(self, keys: Array) -> Array:
        """Positions of keys, (n,) int64; -1 for keys that are unknown or removed."""
        if self._size == 0:
            return np.full(len(keys), -1, dtype=np.int64)
        stored = self.all()
        if self.rising:
            where = np.minimum(np.searchsorted(stored, keys), self._size - 1)
        else:
            if self._sorter is None:
                self._sorter = np.argsort(stored, kind="stable")
            # the last of equal keys: one that was removed and added again counts where it is now
            rank = np.searchsorted(stored, keys, side="right", sorter=self._sorter) - 1
            where = self._sorter[np.maximum(rank, 0)]
        there = (stored[where] == keys) & self._marks[where]
        return np.where(there, where, -1).astype(np.int64)

    def at(self, positions: Array) -> Array:
        """Keys at positions, of the same shape; -1 stays -1."""
        if self._size == 0:
            return np.full(positions.shape, -1, dtype=np.int64)
        return np.where(positions >= 0, self._store[positions], -1)

    def mask(self, positions: Array | None = None) -> Array | None:
        """Which stored rows count, (stored,) bool; None when all do.

        Args:
            positions: The only ones that count; None for every row that is not removed.
        """
        if positions is None:
            return self.alive() if self.dead else None
        mask = np.zeros(self._size, dtype=bool)
        mask[positions] = True
        return mask
