"""Classes that training has not seen: the split of zero-shot retrieval, for all data that has classes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tuwen.arrays import Array
from tuwen.datasets.cutting import shuffled
from tuwen.datasets.pairs import Pairs, Splits
from tuwen.errors import InputError

SPLIT = "zero-shot"


def below(split: str) -> str | None:
    """The split that a zero-shot one is made of: empty for the default one; None where it is none."""
    if split == SPLIT:
        return ""
    return split.removeprefix(f"{SPLIT}-") if split.startswith(f"{SPLIT}-") else None


def unseen(splits: Splits, seed: int) -> Splits:
    """The same benchmark with half of its classes kept from training.

    The protocol of Chi and Peng (DADN, IJCAI 2018) and of AAEGAN (Xu et al. 2021): half of the classes, drawn
    at random, is seen, with an odd one. The training and validation parts keep the seen classes, the test
    part the others, and the database becomes the training part (or the data's own database) of the others.
    Of several classes an image, all must be of one half; other images are left out. Classes are numbered
    anew, seen ones first, so that methods that learn from labels meet no gap.

    Args:
        splits: As cut by another split.
        seed: Of the draw.

    Raises:
        InputError: There are no classes, fewer than two, or a part has no image left.
    """
    whole = splits.database if splits.database is not None else splits.train
    halves = _halves([part for part in (splits.train, splits.test, splits.val, whole) if part], seed, splits)
    train, test, database = halves.take(splits.train, 0), halves.take(splits.test, 1), halves.take(whole, 1)
    val = None if splits.val is None else halves.take(splits.val, 0)
    for part, doing in ((train, "learn from"), (test, "score"), (database, "search")):
        if not part.image_ids:
            raise InputError(
                f"{splits.dataset} has no image left to {doing} with the classes of seed {seed}; "
                "try another seed, or zero-shot of another split"
            )
    note = (
        f"classes drawn by seed {seed}: learned from {', '.join(halves.told(0))}; scored on "
        f"{', '.join(halves.told(1))}; the papers' own draw is not known"
    )
    mixed = halves.mixed(splits.train) + halves.mixed(splits.test)
    left = f"{mixed} images of seen and unseen classes at once are left out"
    return replace(
        splits,
        split=f"{SPLIT}-{splits.split}",
        train=train,
        test=test,
        val=val if val is not None and val.image_ids else None,
        database=database,
        notes=(*splits.notes, note, *([left] if mixed else [])),
    )


@dataclass(frozen=True)
class _Halves:
    """Seen and unseen classes.

    Attributes:
        known: (c,) classes, rising: numbers, names, or columns of multi-hot labels.
        places: Of both halves, rows of `known`.
        names: Of the classes, (c,).
    """

    known: Array
    places: tuple[Array, Array]
    names: tuple[str, ...]

    def told(self, half: int) -> tuple[str, ...]:
        """The names of one half."""
        return tuple(self.names[place] for place in self.places[half])

    def take(self, pairs: Pairs, half: int) -> Pairs:
        """The images of one half with their texts, and their classes numbered anew."""
        labels = np.asarray(pairs.labels)
        if labels.ndim == 2:
            rows = np.flatnonzero(self._has(labels, half) & ~self._has(labels, 1 - half))
            own = labels[rows][:, self.places[half]]
            return replace(pairs.take(rows), labels=own, classes=self.told(half))
        number = np.empty(len(self.known), dtype=np.int64)
        number[np.concatenate(self.places)] = np.arange(len(self.known))
        numbers = number[np.searchsorted(self.known, labels)]
        rows = np.flatnonzero((numbers >= len(self.places[0])) == bool(half))
        return replace(pairs.take(rows), labels=numbers[rows], classes=(*self.told(0), *self.told(1)))

    def mixed(self, pairs: Pairs) -> int:
        """How many images have classes of both halves."""
        labels = np.asarray(pairs.labels)
        return int((self._has(labels, 0) & self._has(labels, 1)).sum()) if labels.ndim == 2 else 0

    def _has(self, labels: Array, half: int) -> Array:
        return np.asarray(labels[:, self.places[half]].any(axis=1))


def _halves(parts: list[Pairs], seed: int, splits: Splits) -> _Halves:
    labels = [part.labels for part in parts if part.labels is not None]
    if len(labels) < len(parts):
        raise InputError(
            f"{splits.dataset} has no classes, so none can be kept from training: {SPLIT} needs labels"
        )
    several = labels[0].ndim == 2
    known = np.arange(labels[0].shape[1]) if several else np.unique(np.concatenate(labels))
    if len(known) < 2:
        raise InputError(f"{splits.dataset} has one class alone; {SPLIT} needs two at least")
    names, given = tuple(str(one) for one in known), splits.train.classes
    if given and known.dtype.kind in "iu" and int(known[-1]) < len(given):
        names = tuple(given[number] for number in known)
    order = shuffled(len(known), seed)
    middle = len(known) - len(known) // 2
    return _Halves(known, (np.sort(order[:middle]), np.sort(order[middle:])), names)
