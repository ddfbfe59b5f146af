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
# where more true answers than this would be called unfit, only the probability is told
WORST_FALSE_REJECTS = 0.5
CHANGED = 0.2  # share of items that came or went, from which on it is learned anew


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether anything in the collection fits a query.

    Attributes:
        fits: False when nothing does; None when the encoder cannot tell well enough in this collection.
        probability: Calibrated probability that something fits.
    """

    fits: bool | None
    probability: float


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
    cutoff = _load(collection).get(_name(asked, kind)) if asked is not None else None
    if cutoff is None:
        return None
    probability = cutoff.probabilities(vector[None], scores[None])
    sharp = cutoff.false_rejects <= WORST_FALSE_REJECTS
    return Verdict(bool(cutoff.accepts(probability)[0]) if sharp else None, float(probability[0]))


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
    cutoffs = {}
    ways: tuple[tuple[Modality, Modality], ...] = (("text", "image"), ("image", "text"))
    for asked, kind in ways:
        cutoff = _learn(collection, view, asked, kind, false_accepts)
        if cutoff is not None:
            cutoffs[_name(asked, kind)] = cutoff
    made = {
        "items": view.count("images") + view.count("texts"),
        "cutoffs": {name: cutoff.to_json() for name, cutoff in cutoffs.items()},
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
            "false_accepts": round(cutoff.false_accepts, 3),
            "false_rejects": round(cutoff.false_rejects, 3),
            "area_under_curve": round(cutoff.area, 3),
            "queries": cutoff.count,
            "in_use": cutoff.false_rejects <= WORST_FALSE_REJECTS,
        }
        for name, cutoff in _load(collection).items()
    }


def _learn(
    collection: Collection, view: View, asked: Modality, kind: Modality, false_accepts: float
) -> Cutoff | None:
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
        return Cutoff.fit(vectors, hits.scores, true, sample, target=false_accepts)
    except InputError:  # every answer is a true one, so that nothing can be learned about false ones
        return None


def _vectors(view: View, kind: Modality, keys: Array) -> Array:
    return unit_rows(tables.matrix(view.take(TABLE_OF[kind], keys, ["vector"])["vector"]))


def _load(collection: Collection) -> dict[str, Cutoff]:
    """The cutoffs by direction, read again when the file is another."""
    path = collection.path / FILE
    try:
        found = path.stat()
    except OSError:
        return {}
    stamp = (found.st_mtime_ns, found.st_ino)
    if collection.cutoffs[0] != stamp:
        try:
            stored = read_json(path)["cutoffs"]
            cutoffs = {name: Cutoff.from_json(value) for name, value in stored.items()}
        except (OSError, Damaged, KeyError, TypeError, AttributeError):
            cutoffs = {}  # made anew by the next `finish`; searches go on without
        collection.cutoffs = (stamp, cutoffs)
    return collection.cutoffs[1]


def _name(asked: Modality, kind: Modality) -> str:
    return f"{asked}-{kind}"
