"""A user's own pairs, cut into parts."""

from __future__ import annotations

import re

import numpy as np

from tuwen.datasets.cutting import hold_out, joined
from tuwen.datasets.pairs import Pairs, Splits
from tuwen.datasets.reading import Found, read_pairs, taken_apart
from tuwen.errors import InputError, UnknownName

SPLITS = {
    "file": "the parts that the file itself names; the default where it names some",
    "80/20": "80 % of the images to learn from, 20 % to score, drawn by the seed; any whole percentages "
    "do, and three give train / val / test: 70/10/20",
    "80/20-stratified": "the same of each class by itself",
}
_SHARES = re.compile(r"(\d+)/(\d+)(?:/(\d+))?(-stratified)?")


def load_file(spec: str, split: str = "", features: str = "", *, seed: int = 0) -> Splits:
    """The pairs of a file, cut into parts.

    Args:
        spec: A path, as `reading.read_pairs` takes it.
        split: One of `SPLITS`; `file` when empty and the file names its parts, else `80/20`.
        features: Files have one set of features; must be empty.
        seed: Of the draw.

    Raises:
        InputError: The file holds no pairs, or pairs that cannot be used or cut so.
        Damaged: It is not what its name says.
    """
    if features:
        raise InputError(f"features is {features!r}, but a file of pairs has one set; leave it out")
    found = read_pairs(spec)
    name = taken_apart(spec)[0].name
    whole = "" in found.parts
    split = split or ("80/20" if whole else "file")
    if split == "file":
        return _as_told(spec, found, name)
    pairs = found.parts[""] if whole else joined(*found.parts.values())
    train, val, test = _drawn(pairs, split, seed)
    notes = (*found.notes, f"cut by seed {seed}", *_unlearned(train, test, name))
    return Splits(spec, split, "", train=train, test=test, val=val, files=found.files, notes=notes)


def _as_told(spec: str, found: Found, name: str) -> Splits:
    """As the file cuts it."""
    parts, notes = found.parts, list(found.notes)
    if "" in parts:
        raise InputError(f"{name} does not say which pairs to learn from; cut it: split 80/20")
    if "train" not in parts and "database" in parts:
        notes.append(f"{name} has no part to learn from: the database is taken")
    train = parts.get("train", parts.get("database"))
    if train is None or "test" not in parts:
        has = ", ".join(parts)
        raise InputError(f"{name} has {has}, but parts to learn from and to score are needed: train and test")
    test = parts["test"]
    twice = set(train.image_ids) & set(test.image_ids)
    if twice:
        notes.append(f"{len(twice)} images of {name} stand in train and in test, such as {min(twice)}")
    for side in ("images", "texts"):
        features = [getattr(part, side) for part in parts.values()]
        widths = [str(values.shape[-1]) for values in features if values is not None]
        if len(set(widths)) > 1:
            raise InputError(f"{side} of the parts of {name} are {' and '.join(widths)} wide")
    return Splits(
        spec,
        "file",
        "",
        train=train,
        test=test,
        val=parts.get("val"),
        database=parts.get("database"),
        files=found.files,
        notes=(*notes, *_unlearned(train, test, name)),
    )


def _unlearned(train: Pairs, test: Pairs, name: str) -> tuple[str, ...]:
    """A note of the classes that are scored but not learned from."""
    if train.labels is None or test.labels is None:
        return ()
    one, other = (
        set(np.unique(part.labels) if part.labels.ndim == 1 else np.flatnonzero(part.labels.any(axis=0)))
        for part in (train, test)
        if part.labels is not None
    )
    new = sorted(other - one)
    if not new:
        return ()
    first = test.classes[int(new[0])] if test.classes else new[0]
    return (f"{len(new)} classes of {name} are scored but have no pair to learn from, such as {first}",)


def _drawn(pairs: Pairs, split: str, seed: int) -> tuple[Pairs, Pairs | None, Pairs]:
    """Train, val and test in shares of a hundred."""
    told = _SHARES.fullmatch(split)
    shares = [int(share) for share in told.groups()[:3] if share] if told else []
    if told is None or sum(shares) != 100:
        raise UnknownName(
            f"no split of a file named {split!r}; there is file, 80/20 or 70/10/20 (shares of 100), "
            "and 80/20-stratified"
        )
    if 0 in shares:
        raise InputError(f"split {split!r} leaves a part empty; give each a share, such as 80/20")
    stratified = bool(told[4])
    rest, test = hold_out(pairs, shares[-1] / 100, seed, stratified=stratified)
    if len(shares) == 2:
        return rest, None, test
    train, val = hold_out(rest, shares[1] / (shares[0] + shares[1]), seed, stratified=stratified)
    return train, val, test
