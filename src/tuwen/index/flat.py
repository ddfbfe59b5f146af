"""The exact index: every vector is compared with every query."""

from __future__ import annotations

from typing import Any, ClassVar

from tuwen.arrays import Array
from tuwen.index import exact
from tuwen.index.base import VectorIndex
from tuwen.index.rows import Rows
from tuwen.index.stored import Draft, Saved


class Flat(VectorIndex):
    """Compares every vector, in float32: right for up to some fifty thousand of them.

    Equal scores have the lower key first.
    """

    kind: ClassVar[str] = "flat"

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self._rows = Rows(width, "float32")

    def _append(self, rows: Array) -> None:
        self._rows.append(rows)

    def _scan(
        self, queries: Array, k: int, mask: Array | None, room: int, effort: float
    ) -> tuple[Array, Array]:
        return self._scan_all(queries, k, mask)

    def _scan_all(self, queries: Array, k: int, mask: Array | None) -> tuple[Array, Array]:
        return exact.best(queries, k, lambda: self._rows.blocks(mask), self._keys.all())

    def _take(self, positions: Array) -> Array:
        return self._rows.take(positions)

    def _write(self, draft: Draft) -> dict[str, Any]:
        self._rows.save(draft)
        return {}

    def _read(self, saved: Saved, state: dict[str, Any]) -> None:
        self._rows.map(saved.path("rows"), len(self._keys))

    def _saved(self, draft: Draft) -> None:
        self._rows.map(draft.path("rows"), len(self._rows))
