"""The base of the kinds that compare packed codes by Hamming distance."""

from __future__ import annotations

from typing import Any

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.index import library
from tuwen.index.base import Index
from tuwen.index.rows import Rows
from tuwen.index.stored import Draft, Saved

SPARE = 64  # removed rows that are simply asked for on top, and then passed over


class CodeIndex(Index):
    """Compares packed codes, eight bits a byte; a score is bits that agree minus bits that differ.

    Args:
        width: Bits of a code, a multiple of eight.
    """

    def __init__(self, width: int) -> None:
        super().__init__(width)
        if width % 8:
            raise InputError(f"width is {width} bits; codes are packed, so it must be a multiple of 8")
        self._rows = Rows(width // 8, "uint8")
        self._living: tuple[int, Array, Array] | None = (
            None  # removed rows then, positions, codes of the rest
        )

    def _check_rows(self, name: str, rows: Array) -> Array:
        return check_codes(name, rows, self.width)

    def _scan_all(self, queries: Array, k: int, mask: Array | None) -> tuple[Array, Array]:
        if mask is None and self._keys.rising:
            return self._nearest(queries, k, self._rows.parts())
        dead = self._keys.dead
        if mask is not None and self._keys.rising and dead <= SPARE and len(mask) - mask.sum() == dead:
            where, scores = self._nearest(queries, k + dead, self._rows.parts())
            dying = ~mask[where]
            order = np.argsort(dying, axis=1, kind="stable")[:, :k]
            return np.take_along_axis(where, order, axis=1), np.take_along_axis(scores, order, axis=1)
        positions, codes = self._chosen(mask)
        where, scores = self._nearest(queries, k, [(0, codes)])
        return positions[where], scores

    def _scan_few(self, queries: Array, k: int, positions: Array) -> tuple[Array, Array]:
        positions = self._by_key(positions)
        where, scores = self._nearest(queries, k, [(0, self._rows.take(positions))])
        return positions[where], scores

    def _chosen(self, mask: Array | None) -> tuple[Array, Array]:
        """Positions that count, by rising key, and their codes; kept while only removed rows matter."""
        dead = self._keys.dead
        living = mask is None or len(mask) - int(mask.sum()) == dead
        if living and self._living is not None and self._living[0] == len(self._keys) + dead:
            return self._living[1:]
        every = np.arange(len(self._keys)) if mask is None else np.flatnonzero(mask)
        positions = self._by_key(every)
        codes = self._rows.take(positions)
        if living:
            self._living = (len(self._keys) + dead, positions, codes)
        return positions, codes

    def _by_key(self, positions: Array) -> Array:
        if self._keys.rising:
            return positions
        return positions[np.argsort(self._keys.all()[positions], kind="stable")]

    def _nearest(self, queries: Array, k: int, parts: Any) -> tuple[Array, Array]:
        """Nearest codes in parts of rising position; of equal distances the lower position comes first."""
        found = [(first, *hamming(queries, codes, min(k, len(codes)))) for first, codes in parts]
        where = np.concatenate([first + where for first, where, _ in found], axis=1)
        distances = np.concatenate([distances for _, _, distances in found], axis=1)
        if len(found) > 1:
            order = np.argsort(distances, axis=1, kind="stable")[:, :k]
            where = np.take_along_axis(where, order, axis=1)
            distances = np.take_along_axis(distances, order, axis=1)
        return where, self._scores(distances)

    def _scores(self, distances: Array) -> Array:
        return np.asarray(self.width - 2 * distances, dtype=np.float32)

    def _take(self, positions: Array) -> Array:
        return self._rows.take(positions)

    def _write(self, draft: Draft) -> dict[str, Any]:
        self._rows.save(draft, "codes")
        return {}

    def _read(self, saved: Saved, state: dict[str, Any]) -> None:
        self._rows.map(saved.path("codes"), len(self._keys))

    def _saved(self, draft: Draft) -> None:
        self._rows.map(draft.path("codes"), len(self._rows))


def check_codes(name: str, codes: Array, width: int) -> Array:
    """Packed codes as (n, width // 8) uint8 in one piece.

    Raises:
        InputError: Of another type or shape.
    """
    codes = np.asarray(codes)
    if codes.dtype != np.uint8:
        raise InputError(f"{name} are {codes.dtype}; codes are packed into uint8 (numpy.packbits)")
    if codes.ndim != 2 or codes.shape[1] != width // 8:
        raise InputError(f"{name} has shape {codes.shape}; codes of {width} bits are (n, {width // 8})")
    return np.ascontiguousarray(codes)


def hamming(queries: Array, codes: Array, k: int) -> tuple[Array, Array]:
    """The k nearest codes, exactly: positions (n, k), distances in bits (n, k).

    Of equal distances the lower position comes first: the counting variant fills a bucket a distance
    in the order of the scan.
    """
    faiss = library.faiss()
    distances, where = library.each(queries, lambda some: faiss.knn_hamming(some, codes, k, variant="mc"))
    return where, distances
