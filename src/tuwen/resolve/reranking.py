"""A second look at the nearest candidates by what reads a picture and a text together."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.records import Refusal
from tuwen.rerank import Reranker, load
from tuwen.resolve.base import Candidates, Side
from tuwen.resolve.scoring import cosines, places_among

DEPTH = 10
_HELD = 4096  # items whose reading is kept for the next candidates


def rerank_candidates(
    left: Side,
    right: Side | None,
    candidates: Candidates,
    reranker: str | Path | Reranker,
    *,
    depth: int = DEPTH,
    progress: Callable[[str, int, int | None], None] = lambda step, done, total: None,
) -> tuple[Array, list[Refusal]]:
    """Scores of a second stage, (m,) float32, NaN for candidates that it did not look at.

    Args:
        left: One side.
        right: The other; a reranker judges pictures with texts, so there must be one.
        candidates: The pairs.
        reranker: As `rerank.load` takes it.
        depth: Nearest candidates of each left item that are looked at.
        progress: Told of each left item.

    Returns:
        The scores, and what could not be read.

    Raises:
        InputError: Both sides are of one kind.
    """
    if right is None or left.kind == right.kind:
        raise InputError("a reranker judges a picture with a text; both sides are of one kind: leave it out")
    stage = load(reranker)
    similarity = cosines(left.vectors, right.vectors, candidates)
    near = np.flatnonzero(np.isfinite(similarity) & (places_among(candidates.left, similarity) <= depth))
    found = np.full(len(candidates), np.nan, dtype=np.float32)
    reader = _Reader(stage, right)
    refusals = reader.refusals
    owners, starts = np.unique(candidates.left[near], return_index=True)
    for done, (row, some) in enumerate(zip(owners.tolist(), np.split(near, starts[1:]), strict=True), 1):
        (asked,) = stage.read([left.contents[row]], left.kind, [left.ids[row]])
        progress("second stage", done, len(owners))
        if isinstance(asked, Exception):
            refusals.append(Refusal(item=left.ids[row], code=asked.code, reason=str(asked), source=left.name))
            continue
        items = reader.read(candidates.right[some].tolist())
        there = [place for place, item in zip(some.tolist(), items, strict=True) if item is not None]
        if there:
            known = [item for item in items if item is not None]
            found[there] = stage.score(asked, known, right.kind)
    return found, refusals


class _Reader:
    """What a reranker reads of one side, the last few thousand items of it kept."""

    def __init__(self, stage: Reranker, side: Side) -> None:
        self._stage, self._side = stage, side
        self._kept: OrderedDict[int, Array | None] = OrderedDict()
        self.refusals: list[Refusal] = []
        self._refused: set[int] = set()

    def read(self, rows: Sequence[int]) -> list[Array | None]:
        """The readings of some rows, None for what cannot be read."""
        side = self._side
        lacking = [row for row in rows if row not in self._kept]
        if lacking:
            made = self._stage.read(
                [side.contents[row] for row in lacking], side.kind, [side.ids[row] for row in lacking]
            )
            for row, item in zip(lacking, made, strict=True):
                self._kept[row] = None if isinstance(item, Exception) else item
                if isinstance(item, Exception) and row not in self._refused:
                    self._refused.add(row)
                    self.refusals.append(
                        Refusal(item=side.ids[row], code=item.code, reason=str(item), source=side.name)
                    )
        found = [self._kept[row] for row in rows]
        for row in rows:
            self._kept.move_to_end(row)
        while len(self._kept) > _HELD:
            self._kept.popitem(last=False)
        return found
