"""Pictures and texts that are the same thing twice: exact copies, and pictures that look alike."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tuwen.arrays import MODALITIES, Array, Modality, unit_rows
from tuwen.errors import InputError, unknown
from tuwen.ingest.known import DUPLICATE
from tuwen.tables import matrix

if TYPE_CHECKING:
    from tuwen.collection import Collection

MAX_DISTANCE = 11
_PAIRS = 4_000_000  # candidate pairs looked at at a time


@dataclass(frozen=True, slots=True)
class Member:
    """One of a group.

    Attributes:
        id: Of the stored item.
        path: Its file; for a text, where it stands.
        text: Of a text; empty for pictures.
        bits: How many of the 64 bits of the perceptual hash differ from the first member's.
        stored: False for an exact copy of the item, which is listed and not stored.
    """

    id: str
    path: str
    text: str = ""
    bits: int = 0
    stored: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """Things that are the same, the first stored one first.

    Attributes:
        exact: Whether all are equal (pictures: the same bytes; texts: the same words).
    """

    exact: bool
    members: tuple[Member, ...]


def duplicates(
    collection: Collection, kind: Modality = "image", distance: int = 6, min_cosine: float = 0.85
) -> list[Group]:
    """Groups of duplicates, largest first.

    Pictures are near-duplicates when their perceptual hashes differ in few bits and their vectors
    agree: the hash alone cannot tell blank pictures apart. Texts are duplicates when they have the
    same letters and digits, whatever their width, case and punctuation.

    Args:
        collection: Where to look.
        kind: `image` or `text`.
        distance: Bits of 64 that may differ, 0 to 11; 0 finds copies that look the same.
        min_cosine: How much the vectors of two near-duplicates must agree.

    Raises:
        InputError: `distance` is out of range.
    """
    if kind not in MODALITIES:
        raise unknown("kind", kind, MODALITIES)
    if not 0 <= distance <= MAX_DISTANCE:
        raise InputError(f"distance is {distance}; it must be 0 to {MAX_DISTANCE} of the 64 bits")
    groups = _same_words(collection) if kind == "text" else _same_looks(collection, distance, min_cosine)
    return sorted(groups, key=lambda group: -len(group.members))


def near_pairs(hashes: Array, distance: int) -> Iterator[tuple[Array, Array]]:
    """Pairs of different 64-bit hashes at most `distance` bits apart, in blocks; some come twice.

    Of four parts of 16 bits, one differs in at most a quarter of the bits. So each hash looks, part by
    part, into the bucket of its own part and of those within that radius.

    Args:
        hashes: (n,) uint64, all different.
        distance: Bits, at most 11.
    """
    masks = _masks(distance // 4)
    for part in range(4):
        keys = ((hashes >> np.uint64(16 * part)) & np.uint64(0xFFFF)).astype(np.int64)
        order = np.argsort(keys, kind="stable")
        starts = np.searchsorted(keys[order], np.arange(65537))
        for mask in masks:
            wanted = keys ^ mask
            counts = starts[wanted + 1] - starts[wanted]
            for rows in _blocks(counts):
                left = np.repeat(rows, counts[rows])
                offsets = np.arange(len(left)) - np.repeat(
                    np.cumsum(counts[rows]) - counts[rows], counts[rows]
                )
                right = order[np.repeat(starts[wanted[rows]], counts[rows]) + offsets]
                near = left < right
                near[near] = np.bitwise_count(hashes[left[near]] ^ hashes[right[near]]) <= distance
                if near.any():
                    yield left[near], right[near]


def _masks(radius: int) -> list[int]:
    """All 16-bit patterns with at most `radius` bits set."""
    found = {0}
    for _ in range(radius):
        found |= {mask | 1 << bit for mask in found for bit in range(16)}
    return sorted(found)


def _blocks(counts: Array) -> Iterator[Array]:
    """Rows in runs whose counts sum to about `_PAIRS`."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    cuts = np.searchsorted(ends, np.arange(_PAIRS, total + _PAIRS, _PAIRS)).tolist()
    start = 0
    for cut in (*cuts, len(counts) - 1):
        if start <= cut < len(counts):
            yield np.arange(start, cut + 1)
            start = cut + 1


def _same_looks(collection: Collection, distance: int, min_cosine: float) -> list[Group]:
    view = collection.store.view
    images = view.scan("images", ["id", "path", "hash", "phash"], "phash is not null")
    hashes = images["phash"].to_numpy().astype(np.uint64)
    unique, bucket_of = np.unique(hashes, return_inverse=True)
    joined = _Sets(len(hashes))
    pairs = list(near_pairs(unique, distance))
    left = np.concatenate([a for a, _ in pairs]) if pairs else np.empty(0, dtype=np.int64)
    right = np.concatenate([b for _, b in pairs]) if pairs else np.empty(0, dtype=np.int64)
    order = np.argsort(bucket_of, kind="stable")
    bounds = np.searchsorted(bucket_of[order], np.arange(len(unique) + 1))
    crowded = np.flatnonzero(np.diff(bounds) > 1)
    buckets = np.union1d(crowded, np.union1d(left, right)).astype(np.int64)
    rows = {int(b): order[bounds[b] : bounds[b + 1]] for b in buckets}
    vectors = _vectors(collection, rows)
    leaders = {b: _leaders(rows[b], vectors, joined, min_cosine) for b in rows}
    for a, b in zip(left.tolist(), right.tolist(), strict=True):
        agree = np.stack([vectors[i] for i in leaders[a]]) @ np.stack([vectors[i] for i in leaders[b]]).T
        for i, j in np.argwhere(agree >= min_cosine):
            joined.join(leaders[a][i], leaders[b][j])
    ids, paths = images["id"].to_pylist(), images["path"].to_pylist()
    contents = images["hash"].to_pylist()
    copies = _copies(collection)
    groups = []
    for members in joined.groups({i for i, content in enumerate(contents) if content in copies}):
        first = int(hashes[members[0]])
        listed = [Member(ids[i], paths[i] or "", bits=(int(hashes[i]) ^ first).bit_count()) for i in members]
        for i, member in zip(members, tuple(listed), strict=True):
            listed += [replace(member, path=path, stored=False) for path in copies.get(contents[i], ())]
        same = len({contents[i] for i in members}) == 1 and bool(contents[members[0]])
        groups.append(Group(exact=same, members=tuple(listed)))
    return groups


def _copies(collection: Collection) -> dict[str, list[str]]:
    """Paths of exact copies that were not stored, by content hash."""
    listed = collection.store.view.scan("ledger", ["item", "hash"], f"code = '{DUPLICATE}'").to_pylist()
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in listed:
        found[row["hash"]].append(row["item"])
    return found


def _vectors(collection: Collection, rows: dict[int, Array]) -> dict[int, Array]:
    """Unit vectors, float32, of the pictures in some buckets, by row."""
    wanted = np.sort(np.concatenate(list(rows.values()))) if rows else np.empty(0, dtype=np.int64)
    found: dict[int, Array] = {}
    start = 0
    for batch in collection.store.view.batches("images", ["vector"], where="phash is not null"):
        inside = wanted[np.searchsorted(wanted, start) : np.searchsorted(wanted, start + len(batch))]
        if len(inside):
            units = unit_rows(matrix(batch["vector"])[inside - start])
            found |= dict(zip(inside.tolist(), units, strict=True))
        start += len(batch)
    return found


def _leaders(rows: Array, vectors: dict[int, Array], joined: _Sets, min_cosine: float) -> list[int]:
    """Join pictures of one hash whose vectors agree; the first picture of each set."""
    leaders: list[int] = []
    for row in rows.tolist():
        if leaders:
            agree = np.stack([vectors[leader] for leader in leaders]) @ vectors[row]
            best = int(agree.argmax())
            if agree[best] >= min_cosine:
                joined.join(leaders[best], row)
                continue
        leaders.append(row)
    return leaders


def _same_words(collection: Collection) -> list[Group]:
    """Texts with the same letters and digits."""
    found: defaultdict[str, list[Member]] = defaultdict(list)
    for batch in collection.store.view.batches("texts", ["id", "text", "origin"]):
        for row in batch.to_pylist():
            found[plain(row["text"])].append(Member(row["id"], row["origin"] or "", text=row["text"]))
    groups = (members for members in found.values() if len(members) > 1)
    return [Group(exact=len({m.text for m in members}) == 1, members=tuple(members)) for members in groups]


def plain(text: str) -> str:
    """A text without what does not matter: width, case, punctuation, spaces at the ends."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\W_]+", " ", folded).strip() or folded


class _Sets:
    """Disjoint sets of rows."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))
        self._joined: set[int] = set()

    def find(self, row: int) -> int:
        while self._parent[row] != row:
            self._parent[row] = self._parent[self._parent[row]]
            row = self._parent[row]
        return row

    def join(self, a: int, b: int) -> None:
        self._joined |= {a, b}
        low, high = sorted((self.find(a), self.find(b)))
        self._parent[high] = low

    def groups(self, alone: set[int]) -> list[list[int]]:
        """Sets of more than one row, and those of the rows in `alone`, each in order."""
        found: defaultdict[int, list[int]] = defaultdict(list)
        for row in sorted(self._joined | alone):
            found[self.find(row)].append(row)
        return list(found.values())
