"""One search from question to hits: encode, filter, find, fuse, group, show."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from PIL import Image

from tuwen import calibration, filters, rank, tables
from tuwen.arrays import Array, Modality, unit_rows
from tuwen.errors import InputError
from tuwen.query import Part, Query, combine, parse_query
from tuwen.results import Hit, Item, Results
from tuwen.store import View
from tuwen.tables import TABLE_OF, Table

if TYPE_CHECKING:
    from tuwen.collection import Collection

Question: TypeAlias = str | Path | Image.Image | Query | Array
ITEM_COLUMNS = ("id", "entity", "path", "origin", "label", "metadata", "missing")
LEAST = 11  # the best and the ten after it, by which it is judged whether anything fits
POOL = 100  # candidates that fusion, grouping and diversity choose from, at least


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to search; the defaults are those of `Collection.search`."""

    k: int = 10
    offset: int = 0
    min_score: float | None = None
    where: str | None = None
    hybrid: bool = False
    group: bool = False
    diversity: float = 0.0
    exact: bool = False
    codes: bool = False

    def check(self) -> None:
        """Raise `InputError` for a value out of range."""
        if self.k < 1:
            raise InputError(f"k is {self.k}; ask for at least 1")
        if self.offset < 0:
            raise InputError(f"offset is {self.offset}; it cannot be negative")
        if not 0 <= self.diversity <= 1:
            raise InputError(f"diversity is {self.diversity}; it must lie between 0 (none) and 1")
        if self.min_score is not None and not -1 <= self.min_score <= 1:
            raise InputError(f"min_score is {self.min_score}; scores are cosines between -1 and 1")


def to_query(question: Question) -> Query:
    """A question as weighted parts: words, a picture, a vector or all of them.

    A string is always words; pass a `Path` for a picture.
    """
    if isinstance(question, Query):
        return question
    if isinstance(question, str):
        return parse_query(question)
    if isinstance(question, Path | Image.Image):
        return Query(parts=(Part(image=question),))
    return Query(parts=(Part(vector=np.asarray(question, dtype=np.float32)),))


def encode_query(collection: Collection, query: Query) -> Array:
    """The unit vector of a query, (width,)."""
    if not query.parts:
        raise InputError("the query is empty; give some words, a picture or both")
    vectors = []
    for part in query.parts:
        if part.text is not None:
            vector = collection.encoder.encode_texts([part.text])[0]
        elif part.image is not None:
            vector = collection.encoder.encode_images([part.image])[0]
        else:
            vector = unit_rows(np.asarray(part.vector, dtype=np.float32).reshape(-1))
        if vector.shape != (collection.width,):
            raise InputError(
                f"the query vector has {vector.shape[-1]} values; the collection's have {collection.width}"
            )
        vectors.append(vector)
    return combine(np.stack(vectors), [part.weight for part in query.parts])


def search(collection: Collection, question: Question, kind: Modality, options: Options) -> Results:
    """Answer one question; see `Collection.search`."""
    start = time.perf_counter()
    options.check()
    query = to_query(question)
    vector = encode_query(collection, query)
    view = collection.store.view
    table = TABLE_OF[kind]
    allowed = _allowed(view, table, options.where)
    keys, scores = _candidates(collection, view, table, vector, allowed, options)
    verdict = None
    if options.where is None:
        verdict = calibration.judge(collection, query.modality, kind, vector, scores[: calibration.DEPTH])
    if options.hybrid:
        words = " ".join(part.text for part in query.parts if part.text and part.weight > 0)
        keys, scores = _join_words(collection, view, table, vector, keys, scores, words, allowed)
    if options.min_score is not None:
        good = scores >= options.min_score
        keys, scores = keys[good], scores[good]
    keys, scores = _choose(collection, view, table, keys, scores, options)
    hits = _hits(view, kind, keys, scores, options.offset)
    return Results(
        query=str(query),
        kind=kind,
        hits=hits,
        fits=None if verdict is None else verdict.fits,
        probability=None if verdict is None else verdict.probability,
        seconds=time.perf_counter() - start,
    )


def condition(view: View, table: Table, where: str | None) -> str | None:
    """The SQL of a filter; None keeps all. Items whose files have vanished only answer when asked for."""
    conditions = []
    names: tuple[str, ...] = ()
    if where:
        parsed = filters.parse(where)
        names = parsed.names
        conditions.append(parsed.sql(tables.filter_columns(table), view.head.metadata_keys))
    if "missing" not in names and view.has_missing(table):
        conditions.append("missing = false")
    return " and ".join(f"({part})" for part in conditions) or None


def _allowed(view: View, table: Table, where: str | None) -> Array | None:
    wanted = condition(view, table, where)
    return None if wanted is None else view.keys(table, wanted)


def _candidates(
    collection: Collection, view: View, table: Table, vector: Array, allowed: Array | None, options: Options
) -> tuple[Array, Array]:
    """Enough best rows for what follows: keys (n,) and cosines (n,), best first."""
    wanted = max(options.k + options.offset, LEAST)
    if options.hybrid or options.group or options.diversity:
        wanted = max(POOL, 5 * wanted)
    if options.codes:
        return _by_codes(collection, view, table, vector, allowed, wanted)
    if view.count(table) == 0:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
    if options.exact:
        return _exact(view, table, vector, allowed, wanted)
    with collection.indexes.using(view, table) as index:
        hits = index.search(vector[None], wanted, allowed=allowed)
    found = hits.keys[0] >= 0
    return hits.keys[0][found], hits.scores[0][found]


def _exact(
    view: View, table: Table, vector: Array, allowed: Array | None, wanted: int
) -> tuple[Array, Array]:
    keys, scores = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
    for batch in view.batches(table, ["vector"]):
        more = batch["_rowid"].to_numpy().astype(np.int64)
        values = unit_rows(tables.matrix(batch["vector"])) @ vector
        if allowed is not None:
            kept = np.isin(more, allowed)
            more, values = more[kept], values[kept]
        keys, scores = np.concatenate([keys, more]), np.concatenate([scores, values])
        order = np.argsort(-scores, kind="stable")[:wanted]
        keys, scores = keys[order], scores[order]
    return keys, scores


def _by_codes(
    collection: Collection, view: View, table: Table, vector: Array, allowed: Array | None, wanted: int
) -> tuple[Array, Array]:
    """First by Hamming distance of the hash codes, then in the order of the vectors."""
    kind: Modality = "image" if table == "images" else "text"
    other: Modality = "text" if kind == "image" else "image"
    hasher = collection.hasher()
    # a query in a shared space has no side of its own; the other side's mean is the better centre
    code = hasher.transform(vector[None], other)
    depth = max(200, 20 * wanted)
    with collection.indexes.using(view, table, "code") as index:
        hits = index.search(code, depth, allowed=allowed)
    keys = hits.keys[0][hits.keys[0] >= 0]
    scores = _cosines(view, table, keys, vector)
    order = np.argsort(-scores, kind="stable")[:wanted]
    return keys[order], scores[order]


def _cosines(view: View, table: Table, keys: Array, vector: Array) -> Array:
    stored = tables.matrix(view.take(table, keys, ["vector"])["vector"])
    return np.asarray(unit_rows(stored) @ vector)


def _join_words(
    collection: Collection,
    view: View,
    table: Table,
    vector: Array,
    keys: Array,
    scores: Array,
    words: str,
    allowed: Array | None,
) -> tuple[Array, Array]:
    """Fuse by reciprocal rank with the items whose texts hold the words; no text costs nothing."""
    lexical = find_words(collection, view, table, words, POOL, allowed)
    if len(lexical) == 0:
        return keys, scores
    known = dict(zip(keys.tolist(), scores.tolist(), strict=True))
    new = np.array([key for key in lexical.tolist() if key not in known], dtype=np.int64)
    known.update(zip(new.tolist(), _cosines(view, table, new, vector).tolist(), strict=True))
    fused = rank.reciprocal_rank([keys.tolist(), lexical.tolist()])
    order = np.array([key for key, _ in fused], dtype=np.int64)
    return order, np.array([known[key] for key in order.tolist()], dtype=np.float32)


def find_words(
    collection: Collection, view: View, table: Table, words: str, limit: int, allowed: Array | None = None
) -> Array:
    """Keys of the items whose texts (or, for pictures, whose entity's texts) hold the words, best first."""
    if not words.strip() or view.count("texts") == 0:
        return np.empty(0, dtype=np.int64)
    view = collection.with_text_index(view)
    found = view.words(words, limit)
    if table == "texts":
        keys = found["_rowid"].to_numpy().astype(np.int64)
    else:
        entities = list(dict.fromkeys(found["entity"].to_pylist()))
        pictures = view.by_ids("images", entities, ["entity"], column="entity")
        place = {entity: i for i, entity in enumerate(entities)}
        order = np.argsort([place[entity] for entity in pictures["entity"].to_pylist()], kind="stable")
        keys = pictures["_rowid"].to_numpy().astype(np.int64)[order]
    return np.asarray(keys if allowed is None else keys[np.isin(keys, allowed)])


def _choose(
    collection: Collection, view: View, table: Table, keys: Array, scores: Array, options: Options
) -> tuple[Array, Array]:
    """Group by entity, spread, then cut out the page asked for."""
    wanted = options.k + options.offset
    if options.group and len(keys):
        entities = view.take(table, keys, ["entity"])["entity"].to_pylist()
        first = rank.group(entities)
        keys, scores = keys[first], scores[first]
    if options.diversity and len(keys):
        vectors = unit_rows(tables.matrix(view.take(table, keys, ["vector"])["vector"]))
        order = rank.diverse(scores, vectors, wanted, options.diversity)
        keys, scores = keys[order], scores[order]
    page = slice(options.offset, wanted)
    return keys[page], scores[page]


def _hits(view: View, kind: Modality, keys: Array, scores: Array, offset: int) -> tuple[Hit, ...]:
    rows = view.take(TABLE_OF[kind], keys, item_columns(kind))
    by_key = {int(key): float(score) for key, score in zip(keys, scores, strict=True)}
    return tuple(
        Hit(rank=offset + place + 1, score=by_key[row["_rowid"]], **item_values(row, kind))
        for place, row in enumerate(rows.to_pylist())
    )


def item_columns(kind: Modality) -> list[str]:
    """The columns that make an `Item`."""
    return [*ITEM_COLUMNS, "text"] if kind == "text" else list(ITEM_COLUMNS)


def item_values(row: dict[str, Any], kind: Modality) -> dict[str, Any]:
    """The fields of an `Item` from a row of its table."""
    values = {name: row[name] for name in item_columns(kind)}
    values["metadata"] = json.loads(values["metadata"] or "{}")
    return values | {"kind": kind}


def to_items(rows: Any, kind: Modality) -> list[Item]:
    """Items from a table that has their columns."""
    return [Item(**item_values(row, kind)) for row in rows.to_pylist()]
