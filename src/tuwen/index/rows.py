"""Vectors of an index: those on disk mapped into memory, those added since behind them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tuwen.arrays import Array
from tuwen.index.exact import ROWS, Block
from tuwen.index.stored import Draft

SPILL = 1 << 26  # bytes held in memory before they go to a file


class Rows:
    """A matrix that grows at its end without being copied as a whole each time.

    Args:
        width: Columns.
        dtype: float32, int16 (see `library.narrow`) or uint8.
    """

    def __init__(self, width: int, dtype: str) -> None:
        self.width = width
        self.dtype = np.dtype(dtype)
        self._head = np.empty((0, width), dtype=self.dtype)
        self._tail = np.empty((0, width), dtype=self.dtype)
        self._used = 0
        self.file: Path | None = None
        self._private = False  # nobody else knows of the file yet

    def __len__(self) -> int:
        return len(self._head) + self._used

    @property
    def nbytes(self) -> int:
        """Bytes of all rows."""
        return len(self) * self.width * self.dtype.itemsize

    def append(self, rows: Array) -> None:
        """Add rows (n, width) at the end."""
        used = self._used + len(rows)
        if used > len(self._tail):
            grown = np.empty((max(used, len(self._tail) * 3 // 2), self.width), dtype=self.dtype)
            grown[: self._used] = self._tail[: self._used]
            self._tail = grown
        self._tail[self._used : used] = rows
        self._used = used

    def parts(self) -> Iterator[tuple[int, Array]]:
        """The rows as matrices that lie in one piece, each with the position of its first row."""
        if len(self._head):
            yield 0, self._head
        if self._used:
            yield len(self._head), self._tail[: self._used]

    def blocks(self, mask: Array | None = None) -> Iterator[Block]:
        """Positions and rows, some thousands at a time; `mask` (rows,) bool says which."""
        for first, part in self.parts():
            for start in range(0, len(part), ROWS):
                rows = part[start : start + ROWS]
                positions = np.arange(first + start, first + start + len(rows))
                if mask is not None:
                    chosen = mask[positions[0] : positions[-1] + 1]
                    if not chosen.all():
                        positions, rows = positions[chosen], rows[chosen]
                if len(rows):
                    yield positions, rows

    def take(self, positions: Array) -> Array:
        """Rows at positions, (n, width) in the stored type."""
        split = len(self._head)
        if not split:
            return self._tail[positions]
        if not self._used:
            return np.asarray(self._head[positions])
        out = np.empty((len(positions), self.width), dtype=self.dtype)
        late = positions >= split
        out[~late] = self._head[positions[~late]]
        out[late] = self._tail[positions[late] - split]
        return out

    def spill(self, draft: Draft, name: str = "rows") -> None:
        """Move the rows added since to a file, when they take more than 64 MB of memory."""
        if self._used * self.width * self.dtype.itemsize > SPILL:
            if self.file is None:
                self.file = draft.fresh(name)
                self.file.touch()
                self._private = True
            self._extend(self.file)
            self.map(self.file, len(self))

    def save(self, draft: Draft, name: str = "rows") -> None:
        """Put all rows into a save; those that lie in a file of this folder are not written again."""
        if self.file is not None and (self._private or self._is_last(draft, name)) and self.file.is_file():
            path = self.file
            self._extend(path)
        else:
            path = draft.fresh(name)
            with path.open("wb") as stream:
                for _, part in self.parts():
                    part.tofile(stream)
        draft.keep(name, path, self.nbytes)
        self._private = False

    def _is_last(self, draft: Draft, name: str) -> bool:
        """Whether the folder counts just the rows that are mapped here: nobody has added others since."""
        there = draft.before.get(name, {})
        return (
            self.file is not None
            and self.file == draft.folder / str(there.get("file"))
            and there.get("size") == self._head.nbytes
        )

    def _extend(self, path: Path) -> None:
        with path.open("r+b") as stream:
            # what an interrupted save left behind the rows that count is written over; nobody reads there
            stream.seek(self._head.nbytes)
            self._tail[: self._used].tofile(stream)

    def map(self, path: Path, count: int) -> None:
        """Take the first `count` rows of a file, mapped; the memory of the rows held so far is given back."""
        self._head = np.empty((0, self.width), dtype=self.dtype)
        if count:
            mapped = np.memmap(path, dtype=self.dtype, mode="r", shape=(count, self.width))
            self._head = mapped.view(np.ndarray)  # a plain array slices without the cost of the subclass
        self._tail = np.empty((0, self.width), dtype=self.dtype)
        self._used = 0
        self.file = path
