"""What a collection answers with: items, hits, results, bulk matches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

from tuwen.arrays import Array, Modality
from tuwen.records import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A stored picture or text.

    Attributes:
        id: Unique among the items of its kind.
        kind: `image` or `text`.
        entity: What it describes; items with the same entity belong together.
        text: The text, for texts.
        path: The file, for pictures; the file a text came from.
        origin: The place in its source, such as `captions.csv:12`.
        label: Its class, if it has one.
        metadata: What else is known.
        missing: Whether its file has vanished since it was indexed.
    """

    id: str
    kind: Modality
    entity: str
    text: str | None = None
    path: str = ""
    origin: str = ""
    label: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    missing: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain values: `path` for a picture, `text` for a text."""
        content = {"text": self.text} if self.kind == "text" else {"path": self.path}
        return {
            "id": self.id,
            "kind": self.kind,
            **content,
            "entity": self.entity,
            "label": self.label,
            "metadata": self.metadata,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit(Item):
    """An item found, with its place in the order.

    Attributes:
        rank: 1 for the best.
        score: Cosine with the query, in [-1, 1].
        rerank_score: Of the second stage, where there was one and the item was among its candidates.
    """

    rank: int
    score: float
    rerank_score: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, `id`, `rank` and `score` first."""
        # zero-argument super() does not work in a dataclass with slots
        scores = {"score": round(self.score, 4)}
        if self.rerank_score is not None:
            scores["rerank_score"] = round(self.rerank_score, 4)
        return {"id": self.id, "rank": self.rank, **scores} | Item.to_dict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Results(Sequence[Hit]):
    """The hits of one search, best first.

    Attributes:
        query: What was asked, in words.
        kind: What was looked for.
        hits: The hits.
        fits: Whether anything fits the query; None when that cannot be told or was not calibrated.
        probability: The calibrated probability that something fits, or None.
        seconds: Time from question to answer.
        rerank_ms: Milliseconds of it that the second stage took; None without one.
        unscored: Candidates that the second stage could not read, and why; the first stage places them.
    """

    query: str
    kind: Modality
    hits: tuple[Hit, ...]
    fits: bool | None = None
    probability: float | None = None
    seconds: float = 0.0
    rerank_ms: float | None = None
    unscored: tuple[Refusal, ...] = ()

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Hit, ...]: ...
    def __getitem__(self, index: int | slice) -> Hit | tuple[Hit, ...]:
        return self.hits[index]

    def __len__(self) -> int:
        return len(self.hits)

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def to_dicts(self) -> list[dict[str, Any]]:
        """One plain dict a hit."""
        return [hit.to_dict() for hit in self.hits]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """The k best items for each of many queries.

    Attributes:
        query_ids: (n,) as given.
        item_ids: (n, k) ids; shorter rows where there are fewer items.
        scores: (n, k) cosines.
        probabilities: (n, k) softmax over all items, or None when not asked for.
        rerank_scores: (n, k) of the second stage, NaN where it gave none; None without one.
        rerank_ms: Mean milliseconds a query that the second stage took; None without one.
        unscored: Candidates that the second stage could not read, each once, and why.
    """

    query_ids: list[str]
    item_ids: list[list[str]]
    scores: Array
    probabilities: Array | None = None
    rerank_scores: Array | None = None
    rerank_ms: float | None = None
    unscored: tuple[Refusal, ...] = ()

    def rows(self) -> Iterator[tuple[str, int, str, float, float | None]]:
        """Query id, rank from 1, item id, score and probability, one line a match."""
        for n, (query, items) in enumerate(zip(self.query_ids, self.item_ids, strict=True)):
            for place, item in enumerate(items):
                share = None if self.probabilities is None else float(self.probabilities[n, place])
                yield query, place + 1, item, float(self.scores[n, place]), share
