"""Many questions paired with the items of a collection, each item at most once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

from tuwen import matching, tables
from tuwen.arrays import Array, Modality, check_matrix, unit_rows
from tuwen.errors import InputError, unknown
from tuwen.items import condition
from tuwen.tables import TABLE_OF

if TYPE_CHECKING:
    from tuwen.collection import Collection

How = Literal["mutual", "optimal"]
MOST = 4_000_000  # scores that are weighed against each other: 2,000 questions and 2,000 items in seconds


class Pair(NamedTuple):
    """A question and the item that is its own.

    Attributes:
        row: Of the question.
        id: Of the item.
        score: Their cosine.
    """

    row: int
    id: str
    score: float


def pair(collection: Collection, queries: Array, kind: Modality, how: How = "mutual") -> list[Pair]:
    """Give questions an item each, and no item twice; those that get none are left out.

    Args:
        collection: With the items.
        queries: (n, width); scaled to length one.
        kind: Of the items.
        how: `mutual` keeps a question and an item that are each other's best, of however many; `optimal`
            gives as many questions as there are items one each, so that the sum of scores is the largest.

    Raises:
        InputError: There are too many questions and items for `optimal`, or a width differs.
        UnknownName: No such `how`.
    """
    if how not in get_args(How):
        raise unknown("way of pairing", how, get_args(How))
    rows = unit_rows(check_matrix("queries", queries, collection.width))
    if not len(rows) or not collection.count(kind):
        return []
    return _mutual(collection, rows, kind) if how == "mutual" else _optimal(collection, rows, kind)


def _mutual(collection: Collection, queries: Array, kind: Modality) -> list[Pair]:
    """By the best of both sides, which needs no room for all scores."""
    found, mirror = collection.match(queries, kind=kind, k=1, both=True)
    best = {item: query for item, _, query, *_ in mirror.rows()} if mirror is not None else {}
    return [
        Pair(int(query), item, score) for query, _, item, score, _ in found.rows() if best.get(item) == query
    ]


def _optimal(collection: Collection, queries: Array, kind: Modality) -> list[Pair]:
    table, view = TABLE_OF[kind], collection.store.view
    there = condition(view, table, None)  # items whose files have vanished answer nothing, as in a search
    ids: list[str] = []
    blocks: list[Array] = []
    for batch in view.batches(table, ["id", "vector"], where=there):
        ids += batch["id"].to_pylist()
        if len(queries) * len(ids) > MOST:
            raise InputError(
                f"{len(queries):,} questions and {collection.count(kind):,} {kind}s are too many to weigh "
                f"all pairs ({MOST:,} at most); ask with fewer, or pair each with its mutual best"
            )
        blocks.append(queries @ unit_rows(tables.matrix(batch["vector"]).astype(np.float32)).T)
    if not ids:
        return []
    found = matching.match(np.clip(np.concatenate(blocks, axis=1), -1, 1), how="optimal")
    parts = zip(found.rows.tolist(), found.columns.tolist(), found.scores.tolist(), strict=True)
    return [Pair(row, ids[column], score) for row, column, score in parts]
