"""The first hits of a collection, scored again."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.encoders.base import Source
from tuwen.errors import InputError
from tuwen.learned import Learned
from tuwen.query import Query
from tuwen.records import Picture, Refusal
from tuwen.rerank import WEIGHT, Reranker, joined, load
from tuwen.rerank.kept import FOLDER, Kept, key_of
from tuwen.tables import TABLE_OF

if TYPE_CHECKING:
    from tuwen.collection import Collection
    from tuwen.encoders import Encoder
    from tuwen.view import View

_ROWS = 64  # items read at once; they are kept before the next are read


class Judged(NamedTuple):
    """What stage two makes of candidates.

    Attributes:
        order: (n,) places of the candidates, best first by both stages.
        second: (n,) scores of stage two, NaN for what could not be read.
        unscored: What could not be read, and why.
    """

    order: Array
    second: Array
    unscored: tuple[Refusal, ...]


class Stage:
    """The second stage of a collection; what was read of its items stays for the next query."""

    def __init__(self, collection: Collection, reranker: Reranker) -> None:
        self.collection, self.reranker, self.weight = collection, reranker, WEIGHT
        self._kept: dict[Modality, Kept] = {}

    def weighing(self, weight: float | None) -> Stage:
        """The same stage, with what was read of the items, where it counts otherwise."""
        found = copy(self)
        found.weight = WEIGHT if weight is None else weight
        return found

    def asked(self, query: Query, kind: Modality) -> list[tuple[float, Array]]:
        """The weight and reading of each part of a query.

        Raises:
            InputError: A part is a vector, or of the kind that is looked for: such pairs cannot be judged.
            PictureError, TextError: A part cannot be read.
        """
        made = []
        for part in query.parts:
            item: Source | None = part.text if part.text is not None else part.image
            if item is None:
                raise InputError("a query that is a vector cannot be reranked: ask with words or a picture")
            given: Modality = "text" if part.text is not None else "image"
            made.append((part.weight, self.read(item, given, kind)))
        return made

    def read(self, item: Source, given: Modality, kind: Modality) -> Array:
        """What is made of a query.

        Args:
            item: A text or a picture.
            given: What it is.
            kind: Of the items it asks for.

        Raises:
            InputError: Both are of one kind.
            PictureError, TextError: It cannot be read.
        """
        if given == kind:
            raise InputError(
                f"{self.reranker.name} judges a picture with a text, so {given}s asking for {kind}s cannot "
                "be reranked: look for the other kind, or leave the reranker out"
            )
        (found,) = self.reranker.read([item], given)
        if isinstance(found, Exception):
            raise found
        return found

    def order(
        self, view: View, kind: Modality, asked: Sequence[tuple[float, Array]], keys: Array, first: Array
    ) -> Judged:
        """Put candidates in the order of both stages.

        Args:
            view: What is read.
            kind: Of the candidates.
            asked: As `asked` gives it.
            keys: (n,) row addresses.
            first: (n,) scores of stage one.
        """
        found, unscored = self._items(view, kind, keys)
        there = [place for place, item in enumerate(found) if item is not None]
        second = np.full(len(keys), np.nan, dtype=np.float32)
        if there:
            items = [item for item in found if item is not None]
            total = sum(abs(weight) for weight, _ in asked)
            parts = [weight / total * self.reranker.score(query, items, kind) for weight, query in asked]
            second[there] = np.sum(parts, axis=0)
        order = np.argsort(-joined(first, second, self.weight), kind="stable")
        return Judged(order, second, tuple(unscored))

    def _items(self, view: View, kind: Modality, keys: Array) -> tuple[list[Array | None], list[Refusal]]:
        """What the reranker makes of items, None for those that cannot be read, and why they cannot."""
        columns = ["id", "text"] if kind == "text" else ["id", "path", "hash"]
        rows = {row["_rowid"]: row for row in view.take(TABLE_OF[kind], keys, columns).to_pylist()}
        kept, refused = self._keeper(kind), list[Refusal]()
        made: dict[int, Array | None] = {}
        lacking: list[tuple[int, str]] = []
        for number, row in rows.items():
            name = key_of(row["id"], "\0".join(str(row[column]) for column in columns[1:]))
            made[number] = kept.get(name)
            if made[number] is None and self._there(kind, row):
                lacking.append((number, name))
            elif made[number] is None:
                reason = f"{row['id']} has no {columns[1]}, so it cannot be scored again"
                refused.append(Refusal(item=row["id"], code="empty", reason=reason))
        for start in range(0, len(lacking), _ROWS):
            some = lacking[start : start + _ROWS]
            items = [_item(kind, rows[number]) for number, _ in some]
            found = self.reranker.read(items, kind, [rows[number]["id"] for number, _ in some])
            for (number, name), item in zip(some, found, strict=True):
                if isinstance(item, Exception):
                    refused.append(Refusal(item=rows[number]["id"], code=item.code, reason=str(item)))
                else:
                    kept.put(name, item)
                    made[number] = item
        return [made.get(int(key)) for key in keys], refused

    def _there(self, kind: Modality, row: dict[str, str]) -> bool:
        """Whether there is something to read: a text, a file, or an id for encoders that look it up."""
        sides = getattr(self.reranker, "sides", {})
        by_id = kind in sides and bool(sides[kind][0].by_id)
        return by_id or bool(row["text"] if kind == "text" else row["path"])

    def _keeper(self, kind: Modality) -> Kept:
        if kind not in self._kept:
            folder = self.collection.path / FOLDER / self.reranker.mark(kind) / kind
            self._kept[kind] = Kept(folder if self.reranker.keeps else None)
        return self._kept[kind]


def stage(collection: Collection, spec: str | Path | Reranker) -> Stage:
    """The second stage of a collection; encoders that the collection has open serve it too.

    Raises:
        InputError: As `rerank.load`.
    """
    known: list[Encoder] = []
    if collection.store.identity.encoder:
        encoder = collection.encoder
        known = [encoder, *(encoder.sides.values() if isinstance(encoder, Learned) else ())]
    return Stage(collection, load(spec, known))


def _item(kind: Modality, row: dict[str, str]) -> Source:
    return row["text"] if kind == "text" else Picture(path=row["path"], id=row["id"])
