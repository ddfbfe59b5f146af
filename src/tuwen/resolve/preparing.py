"""Step one: both sides read, cleaned and encoded into one space."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from tuwen import encoders
from tuwen.arrays import Array, Modality, unit_rows
from tuwen.collection import Collection
from tuwen.data import Source
from tuwen.encoders import Encoder
from tuwen.encoders.fitted import Fitted
from tuwen.errors import InputError
from tuwen.features import encode_source
from tuwen.learned import Learned
from tuwen.records import Picture, Record, Refusal, Text
from tuwen.resolve.base import Content, Side
from tuwen.resolve.given import Given, check_columns, fitted_to
from tuwen.resolve.reading import columns_of, kinds_of, opened, read

DEFAULT = "mini"
#: Told what is being done, how far it is, and how much there is.
Progress = Callable[[str, int, int | None], None]


@dataclass(slots=True, kw_only=True)
class Prepared:
    """Two sides in one space, or one that is compared with itself.

    Attributes:
        left: The first side.
        right: The second; None for one side.
        encoder: What made the vectors; None when they were given.
        notes: What else the user should know.
    """

    left: Side
    right: Side | None = None
    encoder: Encoder | None = None
    notes: list[str] = field(default_factory=list)


def prepare(
    left: Given | Side,
    right: Given | Side | None = None,
    *,
    encoder: str | Encoder | None = None,
    method: str | Path | None = None,
    progress: Progress = lambda step, done, total: None,
) -> Prepared:
    """Read one or two sources, leave out what cannot be used, and encode the rest.

    Without kinds, two sources are pictures against texts where that can be; one source is its pictures
    against its texts when it has both, else it is compared with itself.

    Args:
        left: A source, or a side made elsewhere.
        right: The other; None for one source.
        encoder: What encodes; of a collection its own, else `mini`. One that needs fitting learns from
            these items.
        method: A folder that `tuwen fit` wrote: its encoders, and its common space.
        progress: Follows the encoding.

    Raises:
        InputError: A source cannot be read, has nothing of the kind, or vectors of two encoders meet.
    """
    if isinstance(left, Side):
        if isinstance(right, Given):
            raise InputError("left is a side with vectors and right a source; give two of one sort")
        _check_widths(left, right)
        return Prepared(left=left, right=right)
    if isinstance(right, Side):
        raise InputError("right is a side with vectors and left a source; give two of one sort")
    givens = fitted_to([left, right] if right is not None else [left])
    sources = [opened(given) for given in givens]
    kinds, split = _kinds(givens, sources)
    if split:  # one source with pictures and texts
        givens, sources = givens * 2, [sources[0], opened(givens[0])]
    for given, source in zip(givens, sources, strict=True):
        if columns := columns_of(source):
            check_columns(given.text_columns or {}, columns)
    made = _encoder(sources, encoder, method)
    for kind in dict.fromkeys(kinds):
        if kind not in made.modalities:
            raise InputError(f"{made.name} does not encode {kind}s; name another encoder")
    sides = [read(given, source, kind) for given, source, kind in zip(givens, sources, kinds, strict=True)]
    if isinstance(made, Fitted) and not made.fitted:
        progress(f"fitting {made.name}", 0, None)
        made.fit([content for side in sides for content in side.contents])
    made.check_ready()
    notes = []
    for place, (given, source) in enumerate(zip(givens, sources, strict=True)):
        if not isinstance(source, Collection):
            cut = made.cut
            sides[place] = _encoded(sides[place], made, given.text_columns or {}, progress)
            if made.cut > cut:
                notes.append(
                    f"{made.cut - cut:,} texts of {given.path.name} were longer than {made.name} reads"
                )
    return Prepared(left=sides[0], right=sides[1] if len(sides) == 2 else None, encoder=made, notes=notes)


def _check_widths(left: Side, right: Side | None) -> None:
    for side in (left, right):
        if side is not None and (side.vectors.ndim != 2 or len(side.vectors) != len(side.ids)):
            raise InputError(
                f"{side.name} has {len(side.ids)} ids but vectors of shape {side.vectors.shape}; "
                "they must be one row an item"
            )
    if right is not None and left.vectors.shape[1] != right.vectors.shape[1]:
        raise InputError(
            f"{left.name} has vectors of width {left.vectors.shape[1]}, {right.name} of "
            f"{right.vectors.shape[1]}; both sides must be in one space"
        )


def _kinds(givens: Sequence[Given], sources: Sequence[Source | Collection]) -> tuple[list[Modality], bool]:
    """The kind of each side, and whether one source becomes two sides."""
    there = [kinds_of(given, source) for given, source in zip(givens, sources, strict=True)]
    for place, (given, has) in enumerate(zip(givens, there, strict=True)):
        if not has and len(givens) == 1:
            raise InputError(
                f"{given.path} has neither pictures nor texts; name a folder of pictures or a table"
            )
        if not has:  # an empty side matches nothing, whatever it would have held
            there[place] = (given.kind or "image",)
        elif given.kind is not None and given.kind not in has:
            raise InputError(f"{given.path} has no {given.kind}s, only {has[0]}s")
    if len(givens) == 1:
        wanted = givens[0].kind
        if wanted is None and len(there[0]) == 2:
            return ["image", "text"], True
        return [wanted or there[0][0]], False
    first = givens[0].kind or _other_than(givens[1].kind, there[0]) or there[0][0]
    second = givens[1].kind or _other_than(first, there[1]) or there[1][0]
    if givens[0].kind is None and first == second and len(there[0]) == 2:
        first = there[0][1 - there[0].index(first)]
    return [first, second], False


def _other_than(kind: Modality | None, there: Sequence[Modality]) -> Modality | None:
    return next((other for other in there if kind is not None and other != kind), None)


def _encoder(
    sources: Sequence[Source | Collection], encoder: str | Encoder | None, method: str | Path | None
) -> Encoder:
    """The encoder of both sides.

    Raises:
        InputError: Two are meant.
    """
    collections = [source for source in sources if isinstance(source, Collection)]
    if method is not None:
        made: Encoder = Learned.open(Path(method))
    elif encoder is None and collections:
        made = collections[0].encoder
    else:
        made = encoder if isinstance(encoder, Encoder) else encoders.load(encoder or DEFAULT)
    for collection in collections:
        if collection.store.identity.fingerprint != made.fingerprint:
            raise InputError(
                f"{collection.path} has vectors of {collection.store.identity.encoder}, not of {made.name}: "
                "they do not compare; leave the encoder out, or give the sources of the collection"
            )
    return made


class _Listed(Source):
    """The contents of a side as a source, so that they are encoded as every source is."""

    kind = "listed"

    def __init__(self, side: Side, contents: Sequence[Content]) -> None:
        super().__init__(Path(side.name))
        self._ids, self._contents = side.ids, contents

    @property
    def count_hint(self) -> int:
        return len(self._ids)

    def describe(self) -> str:
        return str(self.path)

    def records(self) -> Iterator[Record | Refusal]:
        for name, content in zip(self._ids, self._contents, strict=True):
            if isinstance(content, Picture):
                yield Record(images=(replace(content, id=name),), source=str(self.path))
            elif content:
                yield Record(texts=(Text(text=content, id=name),), source=str(self.path))


def _encoded(side: Side, encoder: Encoder, weights: Mapping[str, float], progress: Progress) -> Side:
    """The side with vectors, without what could not be encoded."""
    parts: list[tuple[float, Sequence[Content]]] = [(1.0, side.contents)]
    if side.kind == "text" and len(weights) > 1 and len(set(weights.values())) > 1:
        parts = [
            (weight, ["" if value is None else str(value) for value in side.columns[name]])
            for name, weight in weights.items()
            if name in side.columns
        ]
    step = f"encoding {side.kind}s of {Path(side.name).name}"
    place = {name: row for row, name in enumerate(side.ids)}
    vectors = np.zeros((len(side), encoder.width), dtype=np.float32)
    taken = np.zeros(len(side), dtype=bool)
    for weight, contents in parts:
        found = encode_source(
            _Listed(side, contents), encoder, side.kind, lambda done, total: progress(step, done, total)
        )
        rows = [place[name] for name in found.ids]
        vectors[rows] += np.float32(weight) * found.vectors
        taken[rows] = True
        side.refusals += found.refusals
    if len(parts) > 1:
        vectors = unit_rows(vectors)
    return _kept(replace(side, vectors=vectors), np.flatnonzero(taken), encoder)


def _kept(side: Side, rows: Array, encoder: Encoder) -> Side:
    """The rows of a side; those that say nothing to the encoder stay, and are named."""
    if len(rows) < len(side):
        side = rows_of(side, rows)
    for row in np.flatnonzero(~side.vectors.any(axis=1)):
        reason = f"{side.kind} {side.ids[row]} says nothing to {encoder.name}; only key columns can find it"
        side.refusals.append(Refusal(item=side.ids[row], code="featureless", reason=reason, source=side.name))
    return side


def rows_of(side: Side, rows: Array) -> Side:
    """Some rows of a side, in the order given."""

    def some(values: list[Any]) -> list[Any]:
        return [values[row] for row in rows] if values else []

    return replace(
        side,
        ids=some(side.ids),
        contents=some(side.contents),
        vectors=side.vectors[rows],
        columns={name: some(values) for name, values in side.columns.items()},
        labels=some(side.labels),
        entities=some(side.entities),
    )
