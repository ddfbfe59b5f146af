"""What benchmarks that come as matrices of features share: arrays by name, labels, rows as parts."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, NamedTuple

import numpy as np

from tuwen.arrays import Array
from tuwen.datasets.base import Dataset
from tuwen.datasets.pairs import Pairs, Splits
from tuwen.datasets.reading.containers import open_container
from tuwen.errors import Damaged


class Parts(NamedTuple):
    """A benchmark that is cut; fields as in `Splits`."""

    train: Pairs
    test: Pairs
    val: Pairs | None = None
    database: Pairs | None = None


class Matrices(Dataset):
    """A benchmark of matrices; a subclass also writes `_cut`.

    Attributes:
        sizes: Published numbers of pairs of train, val, test and database, by split; 0 where a split has
            no such part. Files of other sizes are read, and noted.
    """

    sizes: ClassVar[dict[str, tuple[int, int, int, int]]] = {}

    def _load(self, split: str, features: str, seed: int) -> Splits:
        parts, notes = self._cut(split, features, seed)
        found = tuple(0 if part is None else len(part.image_ids) for part in parts_of(parts))
        expected = self.sizes.get(split)
        if expected and found != expected:
            shown = [" / ".join(str(size) for size in sizes) for sizes in (found, expected)]
            notes = (*notes, f"train / val / test / database are {shown[0]}, published are {shown[1]}")
        return Splits(
            self.name,
            split,
            features,
            train=parts.train,
            test=parts.test,
            val=parts.val,
            database=parts.database,
            files=dict(self._read),
            notes=(*self._notes(), *notes),
        )

    @abstractmethod
    def _cut(self, split: str, features: str, seed: int) -> tuple[Parts, tuple[str, ...]]:
        """The parts, and notes; split and features are known names."""

    def _arrays(self, file: str, *names: str) -> list[Array]:
        """Arrays of a file, by name.

        Raises:
            Unavailable: The file is not there.
            Damaged: It lacks one of them.
        """
        container = open_container(self._file(file))
        missing = [name for name in names if name not in container.shapes]
        if missing:
            raise Damaged(f"{container.path} has no {' and no '.join(missing)}, only {container.listing}")
        arrays = container.read(names)
        return [arrays[name] for name in names]


def parts_of(parts: Parts) -> tuple[Pairs | None, ...]:
    """Train, val, test, database."""
    return parts.train, parts.val, parts.test, parts.database


def single(*labels: Array) -> list[Array]:
    """Class numbers (n,) int64 from 0, of lists, columns or one-hot rows; parts are counted together."""
    flat = [values.argmax(axis=1) if _is_hot(values) else np.asarray(values).ravel() for values in labels]
    first = min(int(values.min()) for values in flat)
    return [values.astype(np.int64) - first for values in flat]


def several(labels: Array) -> Array:
    """Multi-hot rows (n, classes) uint8."""
    return np.asarray(np.asarray(labels) > 0, dtype=np.uint8)


def matched(images: Array | None, texts: Array, labels: Array, where: str, prefix: str = "") -> Pairs:
    """Row i of all as a pair, named by row.

    Raises:
        Damaged: Rows do not align.
    """
    counts = {len(values) for values in (images, texts, labels) if values is not None}
    if len(counts) > 1:
        shapes = [values.shape for values in (images, texts, labels) if values is not None]
        raise Damaged(f"{where}: images, texts and labels have shapes {shapes}; their rows must align")
    ids = tuple(f"{prefix}{row}" for row in range(len(texts)))
    return Pairs(images, texts, ids, ids, np.arange(len(texts)), labels=labels)


def rows(pairs: Pairs, start: int, stop: int | None = None) -> Pairs:
    """Some pairs in a row, of pairs that `matched` made, without a copy.

    Raises:
        Damaged: There are none.
    """
    part = slice(start, stop)
    if not pairs.image_ids[part]:
        raise Damaged(f"{len(pairs.image_ids)} pairs are too few for this split; the files are not whole")
    ids, texts, labels = pairs.image_ids[part], pairs.texts, pairs.labels
    return Pairs(
        None if pairs.images is None else pairs.images[part],
        None if texts is None else texts[part],
        ids,
        ids,
        np.arange(len(ids)),
        labels=None if labels is None else labels[part],
    )


def queries_first(pairs: Pairs, queries: int, training: int | None = None) -> Parts:
    """The first rows ask, the others are the database, whose first rows (or all) are learned from."""
    database = rows(pairs, queries)
    return Parts(rows(database, 0, training), rows(pairs, 0, queries), database=database)


def queries_last(pairs: Pairs, queries: int, training: int | None = None) -> Parts:
    """The last rows ask, the others are the database, whose first rows (or all) are learned from."""
    count = len(pairs.image_ids) - queries
    database = rows(pairs, 0, max(count, 0))
    return Parts(rows(database, 0, training), rows(pairs, count), database=database)


def _is_hot(values: Array) -> bool:
    return values.ndim == 2 and 1 not in values.shape
