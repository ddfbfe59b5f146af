"""The bulk job: the best items for each of many queries, and the mirror."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tuwen import matching, tables
from tuwen.arrays import Array, Modality
from tuwen.errors import InputError, PictureError, TextError
from tuwen.items import condition
from tuwen.records import Refusal
from tuwen.rerank import Reranker, check
from tuwen.results import Matched
from tuwen.tables import TABLE_OF, Table

if TYPE_CHECKING:
    from tuwen.collection import Collection


class Again(NamedTuple):
    """What scores the first hits of each query again; fields as the arguments of `Collection.match`."""

    rerank: str | Path | Reranker
    depth: int
    weight: float | None
    query_kind: Modality
    contents: Sequence[Any] | None


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
    again: Again | None = None,
) -> tuple[Matched, Matched | None]:
    """See `Collection.match`; `queries` are unit rows (n, width)."""
    if not isinstance(k, int | np.integer) or k < 1:
        raise InputError(f"k is {k}; ask for a whole number, at least 1")
    if len(names) != len(queries):
        raise InputError(f"there are {len(names)} query ids but {len(queries)} queries; they must align")
    if approximate and (both or temperature is not None):
        raise InputError("approximate matching has no mirror and no probabilities; leave one of them out")
    if again is not None:
        _check(again, len(queries), both=both)
        how: dict[str, Any] = {"both": False, "temperature": temperature, "approximate": approximate}
        found, _ = match(collection, queries, names, table, k=max(int(k), again.depth), **how)
        return _reranked(collection, found, again, table, int(k)), None
    view = collection.store.view
    if approximate:
        return _approximate(collection, queries, names, table, k), None
    there = condition(view, table, None)  # items whose files have vanished answer nothing, as in a search
    ids = np.array(view.scan(table, ["id"], there)["id"].to_pylist(), dtype=object)

    def blocks() -> Iterator[Array]:
        for batch in view.batches(table, ["vector"], where=there):
            yield tables.matrix(batch["vector"]).astype(np.float32)

    most = max(1, len(ids), len(queries) if both else 0)  # no room for more than there is
    ranked = matching.top_both(queries, blocks(), min(int(k), most), both=both, temperature=temperature)
    forward = _matched(names, ids, ranked.items)
    if ranked.queries is None:
        return forward, None
    return forward, _matched(ids.tolist(), np.array(names, dtype=object), ranked.queries)


def _check(again: Again, count: int, *, both: bool) -> None:
    check(again.depth, again.weight)
    if both:
        raise InputError("the mirror cannot be reranked; leave one of them out, or match the other way too")
    if again.contents is None:
        raise InputError("reranking reads the queries themselves: give texts or pictures, not vectors alone")
    if len(again.contents) != count:
        raise InputError(f"there are {len(again.contents)} contents but {count} queries; they must align")


def _reranked(collection: Collection, found: Matched, again: Again, table: Table, k: int) -> Matched:
    """Each query's first hits in the order of both stages, one query at a time, cut to k."""
    stage = collection.stage(again.rerank, again.weight)
    kind: Modality = next(side for side, name in TABLE_OF.items() if name == table)
    view = collection.store.view
    every = view.scan(table, ["id"])
    key_of = dict(zip(every["id"].to_pylist(), every["_rowid"].to_pylist(), strict=True))
    unscored: dict[str, Refusal] = {}
    orders, second = list[Array](), np.full((len(found.query_ids), k), np.nan, dtype=np.float32)
    start = time.perf_counter()
    for row, (content, items) in enumerate(zip(again.contents or (), found.item_ids, strict=True)):
        keys = np.array([key_of[name] for name in items[: again.depth]], dtype=np.int64)
        order = np.arange(len(items))
        try:
            asked = [(1.0, stage.read(content, again.query_kind, kind))]
        except (PictureError, TextError) as error:  # one query that cannot be read keeps its first order
            name = found.query_ids[row]
            unscored.setdefault(name, Refusal(item=name, code=error.code, reason=str(error)))
        else:
            judged = stage.order(view, kind, asked, keys, found.scores[row, : len(keys)])
            order[: len(keys)] = judged.order
            scores = judged.second[judged.order][:k]
            second[row, : len(scores)] = scores
            unscored |= {one.item: one for one in judged.unscored}
        orders.append(order[:k])
    seconds = time.perf_counter() - start
    width = min(k, found.scores.shape[1])
    places = np.array([np.pad(order, (0, width - len(order))) for order in orders], dtype=np.int64)
    places = places.reshape(len(orders), width)
    shares = found.probabilities
    return replace(
        found,
        item_ids=[[items[at] for at in order] for items, order in zip(found.item_ids, orders, strict=True)],
        scores=np.take_along_axis(found.scores, places, axis=1),
        probabilities=None if shares is None else np.take_along_axis(shares, places, axis=1),
        rerank_scores=second[:, :width],
        rerank_ms=round(1000 * seconds / max(1, len(orders)), 3),
        unscored=tuple(unscored.values()),
    )


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
