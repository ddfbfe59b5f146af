"""Pairs of a file or folder that a user names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tuwen.arrays import Array
from tuwen.datasets.pairs import Pairs
from tuwen.datasets.reading.containers import Container, open_container
from tuwen.datasets.reading.joining import joined
from tuwen.datasets.reading.labels import tidy_labels
from tuwen.datasets.reading.naming import PARTS, ROLES, likely, part_named, roles_of
from tuwen.errors import InputError, unknown
from tuwen.files import checksum, write_arrays

_OPTION = re.compile(r",(?=[a-z_]+=)")


@dataclass(frozen=True, slots=True)
class Found:
    """What a file holds.

    Attributes:
        parts: Pairs by part: `train`, `val`, `test`, `database`; under an empty name when it is not cut.
        files: SHA-256 of what was read, by name.
        notes: What a reader of figures must know.
    """

    parts: dict[str, Pairs]
    files: dict[str, str]
    notes: list[str] = field(default_factory=list)


def taken_apart(spec: str) -> tuple[Path, dict[str, str]]:
    """The path and the named arrays of `PATH,images=NAME,texts=NAME,labels=NAME`."""
    path, *options = _OPTION.split(spec)
    given = {}
    for option in options:
        role, _, name = option.partition("=")
        if role not in ROLES:
            raise unknown("array of pairs", role, ROLES)
        given[role] = name
    return Path(path), given


def read_pairs(spec: str) -> Found:
    """The pairs of a file or folder.

    Args:
        spec: A path to .npz, .npy, .csv, .tsv, .mat, HDF5 or a folder of such arrays, and, where their
            names do not tell, which arrays are which: `pairs.mat,images=I_tr,texts=T_tr,labels=L_tr`.

    Raises:
        InputError: Images or texts are not found, rows do not align, or values are not finite.
        Damaged: The file is not what its name says, or holds pickled objects.
        MissingExtra: It is HDF5, which needs h5py.
    """
    path, given = taken_apart(spec)
    container = open_container(path)
    files = {file.name: checksum(file) for file in container.files}
    roles = roles_of(container.shapes, given, f"{path.name} (with {container.listing})")
    shared = roles.get("", {})
    whole = "images" in shared or not any("images" in found for found in roles.values())
    chosen = {"": shared} if whole else {part: found for part, found in roles.items() if "images" in found}
    parts: dict[str, Pairs] = {}
    notes: list[str] = []
    splits: Array | None = None
    for part, found in chosen.items():
        where = f"{path.name}, part {part}" if part else path.name
        _check_found(found, where, container)
        arrays = container.read(sorted(set(found.values())))
        by_role = {role: arrays[name] for role, name in found.items()}
        splits = by_role.pop("split", None)
        prefix = f"{part}/" if part else ""
        parts[part], more = joined(by_role, where, matlab=container.matlab, prefix=prefix)
        notes += more
    classes = _classes(shared, container)
    parts = _labelled(parts, path.name, classes)
    if splits is not None and "" in parts:
        parts = _cut(parts[""], splits.ravel(), path.name)
    return Found(parts, files, notes)


def write_pairs(path: Path, pairs: Pairs) -> None:
    """Write pairs as .npz, in the layout that `read_pairs` reads back the same.

    Raises:
        InputError: The name does not end with .npz.
    """
    if path.suffix != ".npz":
        raise InputError(f"{path} must end with .npz")
    arrays: dict[str, Array] = {
        "image_ids": np.array(pairs.image_ids, dtype=np.str_),
        "text_ids": np.array(pairs.text_ids, dtype=np.str_),
        "image_of_text": pairs.image_of_text,
    }
    for name, values in (("images", pairs.images), ("texts", pairs.texts), ("labels", pairs.labels)):
        if values is not None:
            arrays[name] = values
    for name, words in (("captions", pairs.captions), ("classes", pairs.classes)):
        if words:
            arrays[name] = np.array(words, dtype=np.str_)
    write_arrays(path, arrays)


def _check_found(found: dict[str, str], where: str, container: Container) -> None:
    lacking = [role for role in ("images", "texts") if role not in found]
    if lacking == ["texts"] and "captions" in found:
        return
    if lacking:
        told = [f"{role}={likely(role, container.shapes) or 'NAME'}" for role in lacking]
        raise InputError(
            f"{where} has no array that is named as {' or '.join(lacking)} are; it has {container.listing}. "
            f"Say which they are: {container.path},{','.join(told)}"
        )


def _classes(shared: dict[str, str], container: Container) -> tuple[str, ...]:
    name = shared.get("classes")
    return () if name is None else tuple(str(word) for word in container.read([name])[name].ravel())


def _labelled(parts: dict[str, Pairs], where: str, classes: tuple[str, ...]) -> dict[str, Pairs]:
    """Parts with labels in one form."""
    raw = {part: pairs.labels for part, pairs in parts.items() if pairs.labels is not None}
    if not raw:
        return parts
    without = [part for part in parts if part not in raw]
    if without:
        raise InputError(f"{where} has labels of {', '.join(raw)} but not of {', '.join(without)}")
    for part, pairs in parts.items():
        if len(raw[part]) != len(pairs.image_ids):
            raise InputError(
                f"labels of {where} have {len(raw[part])} rows but there are {len(pairs.image_ids)} images"
            )
    labels, classes = tidy_labels(list(raw.values()), where, classes)
    return {
        part: replace(pairs, labels=values, classes=classes)
        for (part, pairs), values in zip(parts.items(), labels, strict=True)
    }


def _cut(pairs: Pairs, splits: Array, where: str) -> dict[str, Pairs]:
    """The parts that a column of the file names."""
    names = [part_named(str(word)) for word in splits]
    if None in names:
        row = names.index(None)
        word = str(splits[row])
        raise InputError(f"split of {where} is {word!r} in row {row}; it may be {', '.join(PARTS)}")
    rows = pairs.image_of_text if len(names) == len(pairs.text_ids) else np.arange(len(names))
    if len(names) not in (len(pairs.text_ids), len(pairs.image_ids)):
        raise InputError(
            f"split of {where} has {len(names)} rows, but there are {len(pairs.image_ids)} images"
        )
    part_of: dict[int, str] = {}
    for row, part in zip(rows.tolist(), names, strict=True):
        if part_of.setdefault(row, str(part)) != part:
            raise InputError(
                f"image {pairs.image_ids[row]} of {where} stands in {part_of[row]} and in {part}"
            )
    return {
        part: pairs.take(np.array([row for row in sorted(part_of) if part_of[row] == part]))
        for part in PARTS
        if part in part_of.values()
    }
