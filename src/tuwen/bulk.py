"""The bulk job: the best items for each of many queries, and the mirror."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from tuwen import matching, tables
from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.results import Matched
from tuwen.search import condition
from tuwen.tables import Table

if TYPE_CHECKING:
    from tuwen.collection import Collection


def match(
    collection: Collection,
    queries: Array,
    names: list[str],
    table: Table,
    *,
    k: int,
    both: bool,
    temperature: float | None,
    approximate: bool,
) -> tuple[Matched, Matched | None]:
    """See `Collection.match`; `queries` are unit rows (n, width)."""
    if not isinstance(k, int | np.integer) or k < 1:
        raise InputError(f"k is {k}; ask for a whole number, at least 1")
    if len(names) != len(queries):
        raise InputError(f"there are {len(names)} query ids but {len(queries)} queries; they must align")
    if approximate and (both or temperature is not None):
        raise InputError("approximate matching has no mirror and no probabilities; leave one of them out")
    view = collection.store.view
    if approximate:
        return _approximate(collection, queries, names, table, k), None
    there = condition(view, table, None)  # items whose files have vanished answer nothing, as in a search
    ids = np.array(view.scan(table, ["id"], there)["id"].to_pylist(), dtype=object)

    def blocks() -> Iterator[Array]:
        for batch in view.batches(table, ["vector"], where=there):
            yield tables.matrix(batch["vector"]).astype(np.float32)

    most = max(1, len(ids), len(queries) if both else 0)  # no room for more than there is
    found = matching.top_both(queries, blocks(), min(int(k), most), both=both, temperature=temperature)
    forward = _matched(names, ids, found.items)
    if found.queries is None:
        return forward, None
    return forward, _matched(ids.tolist(), np.array(names, dtype=object), found.queries)


def _matched(asked: list[str], found: Array, ranking: matching.Ranking) -> Matched:
    return Matched(
        query_ids=asked,
        item_ids=found[ranking.indices].tolist(),
        scores=np.clip(ranking.scores, -1, 1),  # rounding may take a cosine a little beyond
        probabilities=ranking.probabilities,
    )


def _approximate(collection: Collection, queries: Array, names: list[str], table: Table, k: int) -> Matched:
    view = collection.store.view
    there = condition(view, table, None)
    k = min(k, view.count(table))
    if k == 0:
        return Matched(query_ids=names, item_ids=[[] for _ in names], scores=np.empty((len(names), 0)))
    with collection.indexes.using(view, table) as index:
        hits = index.search(queries, k, allowed=None if there is None else view.keys(table, there))
    every = view.scan(table, ["id"])
    place = dict(zip(every["_rowid"].to_pylist(), every["id"].to_pylist(), strict=True))
    items = [[place[key] for key in row if key >= 0] for row in hits.keys.tolist()]
    return Matched(query_ids=names, item_ids=items, scores=np.minimum(hits.scores, 1))
