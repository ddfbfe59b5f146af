"""A library read from a collection: each picture with the texts of its entity, and texts without pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from tuwen import tables
from tuwen.arrays import Array, Modality, unit_rows
from tuwen.errors import InputError
from tuwen.illustrate.base import Library
from tuwen.ingest.known import DUPLICATE
from tuwen.items import condition
from tuwen.records import Refusal
from tuwen.tables import TABLE_OF

if TYPE_CHECKING:
    from collections.abc import Callable

    from tuwen.collection import Collection

_SHOWN = ("id", "entity", "label")


@contextmanager
def opened(path: Path, progress: Callable[..., None] | None = None, **columns: Any) -> Iterator[Collection]:
    """A collection, or one made of a folder or a table for as long as the block lasts.

    Args:
        path: A collection, or a source as `data.open_source` takes it.
        progress: Follows the encoding of a source.
        columns: Further arguments of `open_source`.

    Raises:
        InputError: There is nothing, or it holds neither pictures nor texts.
    """
    from tuwen.collection import Collection

    if (path / "collection.json").is_file():
        yield Collection.open(path)
        return
    from tuwen.data import open_source
    from tuwen.ingest import ingest

    source = open_source(path, **columns)
    with TemporaryDirectory(prefix="tuwen-") as folder:
        made = Collection.create(Path(folder) / "library")
        ingest(made, source, progress=progress)
        if not made.count("image") and not made.count("text"):
            first = next((f"; the first refused: {one.reason}" for one in refused(made)), "")
            raise InputError(f"{path} has nothing that can be read{first}; give pictures with their texts")
        yield made


def read(collection: Collection) -> Library:
    """Everything a collection has to choose from, with the vectors it keeps.

    An item is a picture with the texts of its entity; a text whose entity has no picture is an item of its
    own. Its vectors are in the spaces `cross-image` and `cross-text`; of several texts the mean.

    Raises:
        InputError: The collection is empty.
    """
    view = collection.store.view
    images = view.scan(
        "images", [*_SHOWN, "path", "hash", "phash", "vector"], condition(view, "images", None)
    )
    texts = view.scan("texts", [*_SHOWN, "text", "vector"], condition(view, "texts", None))
    if not images.num_rows and not texts.num_rows:
        raise InputError(f"{collection.path} is empty; add pictures and texts with: tuwen index")
    of_entity: dict[str, list[int]] = {}
    for row, entity in enumerate(texts["entity"].to_pylist()):
        of_entity.setdefault(entity, []).append(row)
    entities = images["entity"].to_pylist()
    shown = set(entities)
    alone = [row for entity, rows in of_entity.items() if entity not in shown for row in rows]
    rows_of = [of_entity.get(entity, []) for entity in entities] + [[row] for row in alone]
    words, labels = texts["text"].to_pylist(), texts["label"].to_pylist()
    own = images["label"].to_pylist() + [None] * len(alone)
    return Library(
        ids=_ids(images["id"].to_pylist(), [texts["id"][row].as_py() for row in alone]),
        texts=["\n".join(dict.fromkeys(words[row] for row in rows)) for rows in rows_of],
        pictures=images["path"].to_pylist() + [""] * len(alone),
        classes=[
            label or next((labels[row] for row in rows if labels[row]), "") or ""
            for label, rows in zip(own, rows_of, strict=True)
        ],
        hashes=[value or "" for value in images["hash"].to_pylist()] + [""] * len(alone),
        entities=entities + [texts["entity"][row].as_py() for row in alone],
        looks=np.array([value or 0 for value in images["phash"].to_pylist()] + [0] * len(alone), np.uint64),
        vectors={
            "cross-image": _padded(tables.matrix(images["vector"]), len(rows_of)),
            "cross-text": _means(tables.matrix(texts["vector"]), rows_of),
        },
    )


def refused(collection: Collection) -> list[Refusal]:
    """What could not be taken into a collection, and why; pictures that stand twice are not among it."""
    rows = collection.store.view.scan("ledger", ["item", "code", "reason"], f"code != '{DUPLICATE}'")
    return [Refusal(item=row["item"], code=row["code"], reason=row["reason"]) for row in rows.to_pylist()]


def allowed(collection: Collection, library: Library, kind: Modality, where: str | None) -> Array:
    """Items that may be an answer: those with a picture, or a text, that a filter keeps, (n,) bool.

    Raises:
        InputError: The filter is wrong.
    """
    may = library.has(kind)
    if where is None:
        return may
    view, table = collection.store.view, TABLE_OF[kind]
    column = "id" if kind == "image" else "entity"
    kept = set(view.scan(table, [column], condition(view, table, where))[column].to_pylist())
    names = library.ids if kind == "image" else library.entities
    return np.asarray(may & np.array([name in kept for name in names], dtype=bool))


def _ids(pictures: list[str], texts: list[str]) -> list[str]:
    """Ids of all items; a text named as a picture is gets a sign of its own."""
    taken = set(pictures)
    return pictures + [f"{name}#text" if name in taken else name for name in texts]


def _padded(vectors: Array, count: int) -> Array:
    """Unit rows, and rows of zeros behind them."""
    made = np.zeros((count, vectors.shape[1]), dtype=np.float32)
    made[: len(vectors)] = unit_rows(vectors)
    return made


def _means(vectors: Array, rows_of: list[list[int]]) -> Array:
    """The direction of the mean of some rows, for each list of them."""
    units = unit_rows(vectors)
    made = np.zeros((len(rows_of), vectors.shape[1]), dtype=np.float32)
    for place, rows in enumerate(rows_of):
        if rows:
            made[place] = units[rows].mean(axis=0)
    return unit_rows(made)
