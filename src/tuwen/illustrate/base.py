"""What illustrating speaks of: a library, a question, rankings, and what was chosen with its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

import numpy as np

from tuwen.arrays import Array, Modality
from tuwen.records import Refusal

Mode = Literal["fused", "paper"]
SIGNALS: tuple[str, ...] = ("text", "triples", "image", "through", "cross", "own")
"""Every ranking there can be, in the order in which reasons are told.

text: how like the item's text is to the headline. triples: the same by who does what to whom. image: how
like the item's picture is to the draft picture. through: how like it is to the pictures of the items whose
texts are nearest to the headline (asked with a picture: the texts of those whose pictures are nearest).
cross: how well the headline itself goes with the picture (a picture itself with the text), in the space of
an encoder of both. own: the same in a space that the library's own pairs taught.
"""


@dataclass(slots=True, eq=False)
class Library:
    """Items to choose from: each a picture, a text, or both.

    Attributes:
        ids: (n,) unique.
        texts: (n,) the words that go with each; empty where there are none.
        pictures: (n,) files; empty where there are none.
        classes: (n,) of the news; empty where unknown.
        hashes: (n,) of the pictures' content; empty where unknown.
        entities: (n,) what ties an item to others of the same thing; empty where unknown.
        vectors: Unit rows (n, d) float32 by space; a row of zeros where an item has none. Spaces are
            `text` and `image`; `cross-text` and `cross-image`, which lie in one space, as do `own-text` and
            `own-image`.
        looks: (n,) uint64 perceptual hashes of the pictures; 0 where there is none.
        used: Day on which a picture was last used, by id.
        refusals: What could not be read, and why.
    """

    ids: list[str]
    texts: list[str]
    pictures: list[str]
    classes: list[str]
    hashes: list[str]
    entities: list[str] = field(default_factory=list)
    vectors: dict[str, Array] = field(default_factory=dict)
    looks: Array = field(default_factory=lambda: np.empty(0, dtype=np.uint64))
    used: dict[str, date] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ids)

    def part(self, rows: Array) -> Library:
        """Some of the items, by their rows; what was used stays."""

        def taken(values: list[str]) -> list[str]:
            return [values[row] for row in places] if values else []

        places = [int(row) for row in rows]
        return Library(
            ids=taken(self.ids),
            texts=taken(self.texts),
            pictures=taken(self.pictures),
            classes=taken(self.classes),
            hashes=taken(self.hashes),
            entities=taken(self.entities),
            vectors={name: vectors[places] for name, vectors in self.vectors.items()},
            looks=self.looks[places] if len(self.looks) else self.looks,
            used=self.used,
            refusals=self.refusals,
        )

    def has(self, kind: Modality) -> Array:
        """Which items have a picture, or a text, (n,) bool."""
        values = self.pictures if kind == "image" else self.texts
        return np.array([bool(value) for value in values], dtype=bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked: a headline, a picture, or both.

    Attributes:
        id: Its name in the answer.
        text: The headline; empty when there is none.
        picture: A picture, a draft that comes with the headline or what a text is looked for; or None.
        label: The class of the news, when it is known.
        leave_out: Id of the library's item that is never an answer, nor helps to find one: the query's own.
    """

    id: str
    text: str = ""
    picture: Path | None = None
    label: str = ""
    leave_out: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """One ranking of a library for one query.

    Attributes:
        name: One of `SIGNALS`.
        scores: (n,) float32, higher is better; NaN where an item has nothing to be compared.
    """

    name: str
    scores: Array

    def places(self) -> Array:
        """Rank of each item from 1, equal scores sharing the best place, (n,) int64; 0 where it has none."""
        known = np.flatnonzero(~np.isnan(self.scores))
        places = np.zeros(len(self.scores), dtype=np.int64)
        ordered = np.sort(-self.scores[known])
        places[known] = np.searchsorted(ordered, -self.scores[known], side="left") + 1
        return places


@dataclass(frozen=True, slots=True)
class Reason:
    """What one ranking said of a choice.

    Attributes:
        name: Of the ranking.
        score: Its score.
        place: The item's place in it, from 1.
        share: Of the fused score, from 0 to 1; 0 where rankings were intersected.
    """

    name: str
    score: float
    place: int
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Choice:
    """One item chosen, and why.

    Attributes:
        id: Of the item.
        rank: From 1.
        score: What the order was made by.
        picture: Its file, or empty.
        text: Its words, or empty.
        label: Its class, or empty.
        reasons: What each ranking said, those that say something.
        shared: Words that the headline and the item's text have in common.
        used: Day on which the picture, or one that looks alike, was used lately.
        itself: Whether its picture is the very one that was asked with.
        first_for: Another query of the same batch that has this picture in the first place.
        alike: Ids of pictures that look the same and were passed over for this one.
    """

    id: str
    rank: int
    score: float
    picture: str = ""
    text: str = ""
    label: str = ""
    reasons: tuple[Reason, ...] = ()
    shared: tuple[str, ...] = ()
    used: date | None = None
    itself: bool = False
    first_for: str = ""
    alike: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found for one query.

    Attributes:
        query: What was asked.
        choices: Best first.
        label: The class that the choices were kept to, or empty.
        label_probability: Of that class, when it was guessed from the headline.
        fits: False when nothing in the library fits; None when that is not known.
        probability: Calibrated probability that something fits, if known.
        weights: How much each ranking counted.
    """

    query: Query
    choices: tuple[Choice, ...]
    label: str = ""
    label_probability: float | None = None
    fits: bool | None = None
    probability: float | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
