"""What a collection is made of: how many of which class, what was refused, and its space on a plane."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tuwen import calibration, codes, tables
from tuwen.arrays import MODALITIES, Array, Modality, unit_rows
from tuwen.tables import TABLE_OF

if TYPE_CHECKING:
    from tuwen.collection import Collection

BLOCK = 8192  # rows that are read at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What a collection is made of.

    Attributes:
        counts: Items by kind.
        missing: Items by kind whose files have vanished.
        labels: Items by class, by kind, most first; those without a class are left out.
        refused: Lines of the ledger by reason, most first.
    """

    counts: dict[Modality, int]
    missing: dict[Modality, int]
    labels: dict[Modality, dict[str, int]]
    refused: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """Items on a plane.

    Attributes:
        ids: (n,) of the items.
        labels: (n,) their classes, or None.
        places: (n, 2) within [-1, 1]: the two directions in which the vectors differ most.
        explained: Share of the vectors' spread that these two directions hold.
    """

    ids: list[str]
    labels: list[str | None]
    places: Array
    explained: float


def stats(collection: Collection) -> dict[str, Any]:
    """See `Collection.stats`."""
    identity, view = collection.store.identity, collection.store.view
    size = sum(map(_size, collection.path.rglob("*")))
    return {
        "path": str(collection.path),
        "images": view.count("images"),
        "texts": view.count("texts"),
        "refused": view.dataset("ledger").count_rows(filter="code != 'duplicate'"),
        "missing": sum(view.dataset(t).count_rows(filter="missing = true") for t in TABLE_OF.values()),
        "encoder": identity.encoder or None,
        **({"method": identity.method} if identity.method else {}),
        "width": identity.width,
        "dtype": identity.dtype,
        "codes": identity.codes if codes.have_codes(view) else 0,
        "metadata": list(view.head.metadata_keys),
        "snapshots": list(collection.store.snapshots()),
        "nothing_fits": calibration.measured(collection),
        "megabytes": round(size / 2**20, 1),
        "created": identity.created,
        "tuwen": identity.tuwen,
    }


def overview(collection: Collection) -> Overview:
    """Count what a collection holds."""
    view = collection.store.view
    labels: dict[Modality, Counter[str]] = {kind: Counter() for kind in MODALITIES}
    missing = dict.fromkeys(MODALITIES, 0)
    for kind in MODALITIES:
        for batch in view.batches(TABLE_OF[kind], ["label", "missing"], rows=BLOCK):
            labels[kind].update(label for label in batch["label"].to_pylist() if label)
            missing[kind] += sum(map(bool, batch["missing"].to_pylist()))
    refused = Counter(view.scan("ledger", ["code"])["code"].to_pylist())
    refused.pop("duplicate", None)
    return Overview(
        counts={kind: collection.count(kind) for kind in MODALITIES},
        missing=missing,
        labels={kind: dict(counted.most_common()) for kind, counted in labels.items()},
        refused=dict(refused.most_common()),
    )


def plane(collection: Collection, kind: Modality = "image", limit: int = 2000) -> Plane:
    """The items of a kind on a plane, by principal components of their vectors.

    Args:
        collection: Where they are.
        kind: `image` or `text`.
        limit: Items at most, taken at equal distances over the table, so that the same come each time.
    """
    view, table = collection.store.view, TABLE_OF[kind]
    wanted = np.unique(np.linspace(0, max(collection.count(kind) - 1, 0), limit).round().astype(np.int64))
    ids: list[str] = []
    labels: list[str | None] = []
    blocks: list[Any] = []
    start = 0
    for batch in view.batches(table, ["id", "label", "vector"], rows=BLOCK):
        inside = wanted[(wanted >= start) & (wanted < start + len(batch))] - start
        start += len(batch)
        if len(inside):
            chosen = batch.take(inside)
            ids += chosen["id"].to_pylist()
            labels += chosen["label"].to_pylist()
            blocks.append(unit_rows(tables.matrix(chosen["vector"]).astype(np.float32)))
    if not ids:
        return Plane(ids=[], labels=[], places=np.empty((0, 2), dtype=np.float32), explained=0.0)
    places, explained = _components(np.concatenate(blocks))
    return Plane(ids=ids, labels=labels, places=places, explained=explained)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size if file.is_file() else 0
    except OSError:  # a writer has taken it away meanwhile
        return 0


def _components(vectors: Array) -> tuple[Array, float]:
    """The first two principal components of rows, (n, 2) within [-1, 1], and their share of the spread."""
    centred = (vectors - vectors.mean(axis=0)).astype(np.float64)
    spread, directions = np.linalg.eigh(centred.T @ centred)
    first = directions[:, [-1, -2]]
    # a direction and its opposite are the same component: the largest entry is made positive
    first *= np.sign(first[np.abs(first).argmax(axis=0), [0, 1]])
    places = centred @ first
    total = float(spread.sum())
    explained = float(spread[-2:].sum()) / total if total > 0 else 0.0
    return (places / max(float(np.abs(places).max()), 1e-12)).astype(np.float32), round(explained, 4)
