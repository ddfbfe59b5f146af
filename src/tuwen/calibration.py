"""When nothing fits: learned from a collection's own pairs, asked at every search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tuwen import tables
from tuwen.arrays import Array, Modality, unit_rows
from tuwen.errors import Damaged, InputError
from tuwen.files import read_json, write_json
from tuwen.rank import Cutoff
from tuwen.tables import TABLE_OF
from tuwen.view import View

if TYPE_CHECKING:
    from tuwen.collection import Collection

FILE = "calibration.json"
QUERIES = 2000  # at most, to learn and measure
FEWEST = 100  # queries with a true item, below which nothing is learned
DEPTH = 40  # answers looked at for a query's true items
BACKGROUND = 512
LOST = 0.05  # share of queries with a true item that may be told that nothing fits
CHANGED = 0.2  # share of items that came or went, from which on it is learned anew


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether anything in the collection fits a query.

    Attributes:
        fits: True when something does (of queries without a true item, only a share such as 5 % gets
            this), False when nothing does (of queries with one, 5 % get this), None in between, where
            the encoder cannot tell.
        probability: Calibrated probability that something fits.
    """

    fits: bool | None
    probability: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was learned about queries of one kind for items of the other.

    Attributes:
        cutoff: Gives the probability, and the threshold from which on something fits.
        floor: The probability below which nothing fits: 5 % of queries with a true item lie there.
    """

    cutoff: Cutoff
    floor: float

    def judge(self, vector: Array, scores: Array) -> Verdict:
        """The verdict on a query vector (d,) with the cosines of its best answers, best first."""
        probability = self.cutoff.probabilities(vector[None], scores[None])
        fits = True if self.cutoff.accepts(probability)[0] else None
        if fits is None and probability[0] < self.floor:
            fits = False
        return Verdict(fits, float(probability[0]))


def judge(
    collection: Collection, asked: Modality | None, kind: Modality, vector: Array, scores: Array
) -> Verdict | None:
    """Whether anything fits a query; None when the collection is not calibrated for such queries.

    Args:
        collection: Where it was asked.
        asked: What the query is made of; None for a mixture or a vector.
        kind: What was looked for.
        vector: Of the query, (d,).
        scores: Cosines of the best answers without a filter, best first; 11 are enough.
    """
    known = _load(collection).get(_name(asked, kind)) if asked is not None else None
    return None if known is None else known.judge(vector, scores)


def calibrate(collection: Collection, false_accepts: float = 0.05) -> dict[str, dict[str, Any]]:
    """Learn from pairs of the collection when nothing fits, both ways, and measure it on other pairs.

    A query is an item whose entity has items of the other kind. It is asked as it is, and with those
    items taken out of the answers: then nothing fits.

    Args:
        collection: With texts and pictures of the same entities.
        false_accepts: Share of queries without a true item that may be accepted.

    Returns:
        What was measured, by direction (`text-image`, `image-text`); empty when there are too few pairs.
    """
    view = collection.store.view
    learned = {}
    ways: tuple[tuple[Modality, Modality], ...] = (("text", "image"), ("image", "text"))
    for asked, kind in ways:
        known = _learn(collection, view, asked, kind, false_accepts)
        if known is not None:
            learned[_name(asked, kind)] = known
    made = {
        "items": view.count("images") + view.count("texts"),
        "ways": {
            name: {"floor": known.floor, "cutoff": known.cutoff.to_json()} for name, known in learned.items()
        },
    }
    with collection.writing():  # a writer clears away what looks like another's half-written file
        write_json(collection.path / FILE, made)
    return measured(collection)


def refresh(collection: Collection) -> None:
    """Calibrate if that was never done, or the collection has changed much since."""
    view = collection.store.view
    now = view.count("images") + view.count("texts")
    path = collection.path / FILE
    if min(view.count("images"), view.count("texts")) < FEWEST and not path.exists():
        return
    try:
        then = int(read_json(path)["items"])
    except (OSError, Damaged, KeyError, TypeError, ValueError):
        then = -1
    if then < 0 or abs(now - then) > CHANGED * then:
        calibrate(collection)


def measured(collection: Collection) -> dict[str, dict[str, Any]]:
    """What the calibration reached on queries that it did not learn from, by direction."""
    return {
        name: {
            "false_accepts": round(known.cutoff.false_accepts, 3),
            "false_rejects": round(known.cutoff.false_rejects, 3),
            "area_under_curve": round(known.cutoff.area, 3),
            "queries": known.cutoff.count,
        }
        for name, known in _load(collection).items()
    }


def _learn(
    collection: Collection, view: View, asked: Modality, kind: Modality, false_accepts: float
) -> Calibration | None:
    rng = np.random.default_rng(0)
    queries = view.scan(TABLE_OF[asked], ["id", "entity"])
    owners = set(view.scan(TABLE_OF[kind], ["entity"])["entity"].to_pylist())
    entities = queries["entity"].to_pylist()
    usable = [row for row, entity in enumerate(entities) if entity in owners]
    if len(usable) < FEWEST:
        return None
    # by id, so that the choice does not depend on the order in which items were added
    ids = queries["id"].to_pylist()
    usable.sort(key=ids.__getitem__)
    chosen = np.sort(rng.choice(usable, min(QUERIES, len(usable)), replace=False))
    keys = queries["_rowid"].to_numpy()[chosen].astype(np.int64)
    vectors = _vectors(view, asked, keys)
    with collection.indexes.using(view, TABLE_OF[kind]) as index:
        hits = index.search(vectors, min(DEPTH, view.count(TABLE_OF[kind])))
    found = np.unique(hits.keys[hits.keys >= 0])
    rows = view.take(TABLE_OF[kind], found, ["entity"])
    entity_of = dict(zip(rows["_rowid"].to_pylist(), rows["entity"].to_pylist(), strict=True))
    true = np.array(
        [
            [entity_of.get(key) == entities[row] for key in line]
            for row, line in zip(chosen, hits.keys, strict=True)
        ]
    )
    items = view.keys(TABLE_OF[kind])
    sample = _vectors(view, kind, np.sort(rng.choice(items, min(BACKGROUND, len(items)), replace=False)))
    try:
        cutoff = Cutoff.fit(vectors, hits.scores, true, sample, target=false_accepts)
    except InputError:  # every answer is a true one, so that nothing can be learned about false ones
        return None
    present = cutoff.probabilities(vectors, hits.scores)
    return Calibration(cutoff, float(np.quantile(present, LOST)))


def _vectors(view: View, kind: Modality, keys: Array) -> Array:
    return unit_rows(tables.matrix(view.take(TABLE_OF[kind], keys, ["vector"])["vector"]))


def _load(collection: Collection) -> dict[str, Calibration]:
    """What was learned, by direction, read again when the file is another."""
    path = collection.path / FILE
    try:
        found = path.stat()
    except OSError:
        return {}
    stamp = (found.st_mtime_ns, found.st_ino)
    if collection.calibrations[0] != stamp:
        try:
            learned = {
                name: Calibration(Cutoff.from_json(value["cutoff"]), float(value["floor"]))
                for name, value in read_json(path)["ways"].items()
            }
        except (OSError, Damaged, KeyError, TypeError, ValueError, AttributeError):
            learned = {}  # made anew by the next `finish`; searches go on without
        collection.calibrations = (stamp, learned)
    return collection.calibrations[1]


def _name(asked: Modality, kind: Modality) -> str:
    return f"{asked}-{kind}"
