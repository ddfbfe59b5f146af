"""One search from question to hits: encode, filter, find, fuse, group, show."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tuwen import calibration, rank, tables
from tuwen.arrays import Array, Modality, unit_rows
from tuwen.errors import InputError
from tuwen.finishing import with_text_index
from tuwen.items import condition, item_columns, item_values
from tuwen.query import Query
from tuwen.questions import Question, encode_fused, encode_query, to_query
from tuwen.rerank import DEPTH, check
from tuwen.results import Hit, Results
from tuwen.tables import TABLE_OF, Table
from tuwen.view import View

if TYPE_CHECKING:
    from tuwen.collection import Collection
    from tuwen.fusion import Fusion
    from tuwen.rerank import Reranker
    from tuwen.rerank.hits import Judged

LEAST = 11  # the best and the ten after it, by which it is judged whether anything fits
POOL = 100  # of the best, whom words and diversity put in another order; what follows stays behind them
MOST = 20_000  # candidates among whom one hit an entity is looked for
FILTERED = 10_000  # items that hold the words, before a filter


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
    rerank: str | Path | Reranker | None = None
    depth: int = DEPTH
    rerank_weight: float | None = None
    fuse: str | Path | Fusion | None = None

    def check(self) -> None:
        """Raise `InputError` for a value out of range."""
        for name, value in (("k", self.k), ("offset", self.offset)):
            if not isinstance(value, int | np.integer):
                raise InputError(f"{name} is {value!r}; it must be a whole number")
        if self.k < 1:
            raise InputError(f"k is {self.k}; ask for at least 1")
        if self.offset < 0:
            raise InputError(f"offset is {self.offset}; it cannot be negative")
        if not 0 <= self.diversity <= 1:
            raise InputError(f"diversity is {self.diversity}; it must lie between 0 (none) and 1")
        if self.min_score is not None and not -1 <= self.min_score <= 1:
            raise InputError(f"min_score is {self.min_score}; scores are cosines between -1 and 1")
        check(self.depth, self.rerank_weight)


def search(collection: Collection, question: Question, kind: Modality, options: Options) -> Results:
    """Answer one question; see `Collection.search`."""
    start = time.perf_counter()
    options.check()
    query = to_query(question)
    if options.fuse is None:
        vector = encode_query(collection, query)
    else:
        vector = encode_fused(collection, query, options.fuse)
    view = collection.store.view
    if options.hybrid:
        view = with_text_index(collection, view)
    job = _Job(collection, view, kind, query, vector, options)
    keys, scores = job.ranked()
    verdict = None
    if options.where is None:
        verdict = calibration.judge(collection, query.modality, kind, vector, job.best)
    page = slice(options.offset, options.offset + options.k)
    hits = _hits(view, kind, keys[page], scores[page], options.offset, job.second)
    return Results(
        query=str(query),
        kind=kind,
        hits=hits,
        fits=None if verdict is None else verdict.fits,
        probability=None if verdict is None else verdict.probability,
        seconds=time.perf_counter() - start,
        rerank_ms=None if options.rerank is None else round(1000 * job.rerank_seconds, 3),
        unscored=() if job.judged is None else job.judged.unscored,
    )


def similar(collection: Collection, kind: Modality, identifier: str, to: Modality, k: int) -> Results:
    """The items of a kind most like a stored one; see `Collection.similar`."""
    vector = collection.vectors(kind, [identifier])[0]
    found = search(collection, vector, to, Options(k=k + 1))
    itself = identifier if to == kind else None
    others = [hit for hit in found if hit.id != itself][:k]
    hits = tuple(replace(hit, rank=place + 1) for place, hit in enumerate(others))
    return replace(found, query=f"like {kind} {identifier}", hits=hits)


class _Job:
    """One search under way: what it needs at every step."""

    def __init__(
        self,
        collection: Collection,
        view: View,
        kind: Modality,
        query: Query,
        vector: Array,
        options: Options,
    ) -> None:
        self.collection, self.view, self.kind, self.table = collection, view, kind, TABLE_OF[kind]
        self.query, self.vector, self.options = query, vector, options
        wanted = condition(view, self.table, options.where)
        self.allowed = None if wanted is None else view.keys(self.table, wanted)
        self.best = np.empty(0, dtype=np.float32)  # cosines by the vectors alone
        self.judged: Judged | None = None
        self.second: dict[int, float] = {}  # scores of stage two by key
        self.rerank_seconds = 0.0

    def ranked(self) -> tuple[Array, Array]:
        """Keys and cosines in the order of the answer, to the end of the page at least.

        The order does not depend on the page: longer ones begin as shorter ones do.
        """
        options, page = self.options, self.options.k + self.options.offset
        wanted = max(page, LEAST)
        if options.hybrid or options.group or options.diversity:
            wanted = max(POOL, wanted)
        if options.rerank is not None:
            wanted = max(options.depth, wanted)
        while True:
            keys, scores = self._candidates(wanted)
            self.best = scores[: calibration.DEPTH]
            found = len(keys)
            if options.hybrid:
                keys, scores = self._join_words(keys, scores)
            if options.min_score is not None:
                good = scores >= options.min_score
                keys, scores = keys[good], scores[good]
            if options.rerank is not None:
                keys, scores = self._reranked(keys, scores)
            if options.group and len(keys):
                first = rank.group(self._column(keys, "entity").to_pylist())
                keys, scores = keys[first], scores[first]
            if not options.group or len(keys) >= page or found < wanted or wanted >= MOST:
                break
            wanted *= 4  # many of the best are of one entity
        return self._spread(keys, scores) if options.diversity and len(keys) else (keys, scores)

    def _reranked(self, keys: Array, scores: Array) -> tuple[Array, Array]:
        """The first `depth` in the order of both stages; what follows stays behind them."""
        depth, spec = min(self.options.depth, len(keys)), self.options.rerank
        if self.judged is None and depth and spec is not None:  # with more candidates the first stay the same
            stage = self.collection.stage(spec, self.options.rerank_weight)
            start = time.perf_counter()  # without what is opened once
            asked = stage.asked(self.query, self.kind)
            # fused hits are not in the order of their cosines: the best place counts as the best cosine
            first = np.sort(scores[:depth])[::-1]
            self.judged = stage.order(self.view, self.kind, asked, keys[:depth], first)
            known = np.isfinite(self.judged.second)
            judged = zip(keys[:depth][known].tolist(), self.judged.second[known].tolist(), strict=True)
            self.second = dict(judged)
            self.rerank_seconds = time.perf_counter() - start
        if self.judged is None:
            return keys, scores
        order = np.concatenate([self.judged.order, np.arange(depth, len(keys))])
        return keys[order], scores[order]

    def _candidates(self, wanted: int) -> tuple[Array, Array]:
        """The best rows by vectors: keys (n,) and cosines (n,), best first."""
        # never room for more than there is, whatever was asked
        wanted = min(wanted, self.view.count(self.table))
        if self.options.codes:
            return self._by_codes(wanted)
        if wanted == 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        if self.options.exact:
            return self._exact(wanted)
        with self.collection.indexes.using(self.view, self.table) as index:
            hits = index.search(self.vector[None], wanted, allowed=self.allowed)
        found = hits.keys[0] >= 0
        return hits.keys[0][found], hits.scores[0][found]

    def _exact(self, wanted: int) -> tuple[Array, Array]:
        keys, scores = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        allowed = None if self.allowed is None else np.sort(self.allowed)
        for batch in self.view.batches(self.table, ["vector"]):
            more = batch["_rowid"].to_numpy().astype(np.int64)
            values = unit_rows(tables.matrix(batch["vector"])) @ self.vector
            if allowed is not None:
                kept = _among(more, allowed)
                more, values = more[kept], values[kept]
            keys, scores = np.concatenate([keys, more]), np.concatenate([scores, values])
            order = np.argsort(-scores, kind="stable")[:wanted]
            keys, scores = keys[order], scores[order]
        return keys, scores

    def _by_codes(self, wanted: int) -> tuple[Array, Array]:
        """First by Hamming distance of the hash codes, then in the order of the vectors."""
        hasher = self.collection.hasher()
        if wanted == 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        # a vector has no side of its own; the other side's mean is the better centre
        other: Modality = "text" if self.kind == "image" else "image"
        code = hasher.transform(self.vector[None], self.query.modality or other)
        depth = min(max(200, 20 * wanted), self.view.count(self.table))
        with self.collection.indexes.using(self.view, self.table, "code") as index:
            hits = index.search(code, depth, allowed=self.allowed)
        scores = self._cosines(hits.keys[0][hits.keys[0] >= 0])
        keys, values = np.array(list(scores)), np.array(list(scores.values()), dtype=np.float32)
        order = np.argsort(-values, kind="stable")[:wanted]
        return keys[order], values[order]

    def _column(self, keys: Array, name: str) -> Any:
        return self.view.take(self.table, keys, [name])[name]

    def _cosines(self, keys: Array) -> dict[int, float]:
        rows = self.view.take(self.table, keys, ["vector"])
        cosines = unit_rows(tables.matrix(rows["vector"])) @ self.vector
        return dict(zip(rows["_rowid"].to_pylist(), cosines.tolist(), strict=True))

    def _join_words(self, keys: Array, scores: Array) -> tuple[Array, Array]:
        """Fuse by reciprocal rank with the items whose texts hold the words; no text costs nothing."""
        words = " ".join(part.text for part in self.query.parts if part.text and part.weight > 0)
        lexical = find_words(self.collection, self.view, self.table, words, POOL, self.allowed).tolist()
        if not lexical:
            return keys, scores
        known = dict(zip(keys.tolist(), scores.tolist(), strict=True))
        fused = [key for key, _ in rank.reciprocal_rank([keys[:POOL].tolist(), lexical])]
        order = list(dict.fromkeys([*fused, *keys[POOL:].tolist()]))
        known |= self._cosines(np.array([key for key in order if key not in known], dtype=np.int64))
        return np.array(order, dtype=np.int64), np.array([known[key] for key in order], dtype=np.float32)

    def _spread(self, keys: Array, scores: Array) -> tuple[Array, Array]:
        """The best in an order in which each differs from those before it."""
        vectors = unit_rows(tables.matrix(self._column(keys[:POOL], "vector")))
        # fused or reranked hits do not fall in their cosines: the best place counts as the best cosine
        worth = np.sort(scores[:POOL])[::-1]
        first = rank.diverse(worth, vectors, POOL, self.options.diversity)
        order = np.concatenate([first, np.arange(min(POOL, len(keys)), len(keys))])
        return keys[order], scores[order]


def find_words(
    collection: Collection, view: View, table: Table, words: str, limit: int, allowed: Array | None = None
) -> Array:
    """Keys of the items whose texts (or, for pictures, whose entity's texts) hold the words, best first."""
    if not words.strip() or view.count("texts") == 0:
        return np.empty(0, dtype=np.int64)
    view = with_text_index(collection, view)
    limit = limit if allowed is None else max(limit, FILTERED)
    found = view.words(words, limit) if view.has_text_index else view.containing(words, limit)
    if table == "texts":
        keys = found["_rowid"].to_numpy().astype(np.int64)
    else:
        entities = list(dict.fromkeys(found["entity"].to_pylist()))
        pictures = view.by_ids("images", entities, ["entity"], column="entity")
        place = {entity: i for i, entity in enumerate(entities)}
        order = np.argsort([place[entity] for entity in pictures["entity"].to_pylist()], kind="stable")
        keys = pictures["_rowid"].to_numpy().astype(np.int64)[order]
    return np.asarray(keys if allowed is None else keys[_among(keys, np.sort(allowed))])


def _among(keys: Array, rising: Array) -> Array:
    """Which keys are among others that rise, (n,) bool; one sort serves many calls."""
    if not len(rising):
        return np.zeros(len(keys), dtype=bool)
    return np.asarray(rising[np.minimum(np.searchsorted(rising, keys), len(rising) - 1)] == keys)


def _hits(
    view: View, kind: Modality, keys: Array, scores: Array, offset: int, second: dict[int, float]
) -> tuple[Hit, ...]:
    rows = view.take(TABLE_OF[kind], keys, item_columns(kind))
    scores = np.clip(scores, -1, 1)  # rounding may take a cosine a little beyond
    by_key = {int(key): float(score) for key, score in zip(keys, scores, strict=True)}
    return tuple(
        Hit(
            rank=offset + place + 1,
            score=by_key[row["_rowid"]],
            rerank_score=second.get(row["_rowid"]),
            **item_values(row, kind),
        )
        for place, row in enumerate(rows.to_pylist())
    )
