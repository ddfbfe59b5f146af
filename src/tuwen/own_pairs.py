"""A user's own pairs, for a method to learn from: of a file of features, or of pictures and texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tuwen import encoders
from tuwen.arrays import MODALITIES, Array, Modality
from tuwen.data import Source, open_source
from tuwen.datasets import Pairs
from tuwen.datasets.cutting import joined
from tuwen.datasets.reading import read_pairs, taken_apart
from tuwen.encoders import Encoder
from tuwen.encoders.fitted import Fitted
from tuwen.errors import InputError
from tuwen.features import Features, encode_source, fit_encoder, pairing
from tuwen.files import read_arrays
from tuwen.learned import Side
from tuwen.parts import encode_parts
from tuwen.records import Record, Refusal

DEFAULT = "mini"
_ARRAYS = frozenset((".npz", ".npy", ".mat", ".h5", ".hdf5", ".hdf"))
_UNIT = 1e-3  # how far a row's length may lie from one

#: Told what is being done, how far it is, and how much there is.
Progress = Callable[[str, int, int | None], None]


@dataclass(slots=True, kw_only=True)
class Given:
    """Pairs with all that is known of them.

    Attributes:
        pairs: With features of both sides.
        sides: What made the features, where that is known.
        fitted: Encoders that learned from these very items.
        refusals: What was left out, and why.
        notes: What else the user should know.
    """

    pairs: Pairs
    sides: dict[Modality, Side] = field(default_factory=dict)
    fitted: dict[Modality, Fitted] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read(
    spec: str,
    *,
    image_encoder: str | Encoder | None = None,
    text_encoder: str | Encoder | None = None,
    labels: str | None = None,
    parts: bool = False,
    progress: Progress = lambda step, done, total: None,
    **columns: Any,
) -> Given:
    """Read pairs.

    Args:
        spec: A file of features, as `datasets.reading.read_pairs` takes it, or a source of pictures and
            texts, as `data.open_source` does.
        image_encoder: What encodes pictures; `mini` when None. One that needs fitting learns from these.
        text_encoder: The same for texts.
        labels: The column, or array, of class names.
        parts: Encode pictures and texts as sets of their parts, patches and words.
        progress: Follows the encoding.
        columns: Further arguments of `open_source`.

    Raises:
        InputError: There are no pairs, or an encoder does not go with what was given.
        Damaged: A file of features is broken.
    """
    told = {"image": image_encoder, "text": text_encoder}
    path, options = taken_apart(spec)
    path = path.expanduser()
    if not path.exists():
        raise InputError(f"{path} is not there; name a file of features, or a source of pictures and texts")
    has_encoders = any(encoder is not None for encoder in told.values())
    if options or (not has_encoders and _has_features(path, labels, columns)):
        return _of_features(spec if labels is None else f"{spec},labels={labels}", path)
    if path.suffix.lower() in _ARRAYS:
        raise InputError(f"{path} holds features already; leave the encoders out, or name pictures and texts")
    source = open_source(path, label_column=labels, **columns)
    specs = {kind: told[kind] or DEFAULT for kind in MODALITIES}
    return _of_source(source, specs, encode_parts if parts else encode_source, progress)


def _has_features(path: Path, labels: str | None, columns: dict[str, Any]) -> bool:
    """Whether a path holds arrays of numbers rather than pictures and texts."""
    if path.is_dir():
        return any(file.suffix.lower() in _ARRAYS for file in path.iterdir())
    if path.suffix.lower() in _ARRAYS:
        return True
    if path.suffix.lower() not in (".csv", ".tsv"):
        return False
    try:
        open_source(path, label_column=labels, **columns)
    except InputError:  # no column of pictures or texts
        return True
    return False


def _of_features(spec: str, path: Path) -> Given:
    found = read_pairs(spec)
    pairs = joined(*found.parts.values()) if len(found.parts) > 1 else next(iter(found.parts.values()))
    images, texts = pairs.features
    notes = list(found.notes)
    if len(found.parts) > 1:
        notes.append(f"{path.name} is cut into {', '.join(found.parts)}; all of it is learned from")
    if path.suffix.lower() != ".npz":
        return Given(pairs=pairs, notes=notes)
    stored = read_arrays(path)
    name, fingerprint = str(stored.get("encoder", "")), str(stored.get("fingerprint", ""))
    if not name or not fingerprint:
        return Given(pairs=pairs, notes=notes)
    sides = {
        kind: Side(name=name, fingerprint=fingerprint, width=features.shape[-1], unit=_is_unit(features))
        for kind, features in zip(MODALITIES, (images, texts), strict=True)
    }
    return Given(pairs=pairs, sides=sides, notes=notes)


def _is_unit(features: Array) -> bool:
    """Whether rows have length one, or are zeros."""
    lengths = np.linalg.norm(features.astype(np.float64), axis=-1)
    return bool((np.abs(lengths - 1) < _UNIT)[lengths > 0].all())


def _of_source(
    source: Source, specs: dict[Modality, str | Encoder], encode: Callable[..., Features], progress: Progress
) -> Given:
    made, fitted = _encoders(source, specs, progress)
    parts = {}
    for kind, encoder in made.items():

        def told(done: int, total: int | None, step: str = f"encoding {kind}s") -> None:
            progress(step, done, total)

        parts[kind] = encode(source, encoder, kind, told)
    refusals = list(dict.fromkeys(refusal for part in parts.values() for refusal in part.refusals))
    for kind, part in parts.items():
        if not part.ids:
            first = f"; the first of {len(refusals)} refused: {refusals[0].reason}" if refusals else ""
            raise InputError(f"{source.path} has no {kind}s that {made[kind].name} can encode{first}")
        refusals += [_blank(part.ids[row], kind, made[kind]) for row in np.flatnonzero(~_said(part.vectors))]
    pairs, notes = _paired(source, parts["image"], parts["text"])
    for kind, part in parts.items():
        if part.cut:
            notes.append(
                f"{part.cut:,} texts were longer than {made[kind].name} reads; the rest was not read"
            )
    sides = {
        kind: Side(name=encoder.name, fingerprint=encoder.fingerprint, width=encoder.width)
        for kind, encoder in made.items()
    }
    return Given(pairs=pairs, sides=sides, fitted=fitted, refusals=refusals, notes=notes)


def _said(vectors: Array) -> Array:
    """Which items are not zeros alone, (n,), of vectors or of sets of parts."""
    return np.asarray(vectors.any(axis=tuple(range(1, vectors.ndim))))


def _encoders(
    source: Source, specs: dict[Modality, str | Encoder], progress: Progress
) -> tuple[dict[Modality, Encoder], dict[Modality, Fitted]]:
    """The encoder of each side, ready; and those that learned from the source."""
    made: dict[Modality, Encoder] = {}
    fitted: dict[Modality, Fitted] = {}
    for kind, spec in specs.items():
        found = made.get("image") if spec == specs["image"] else None
        encoder = found or (spec if isinstance(spec, Encoder) else encoders.load(spec))
        if kind not in encoder.modalities:
            raise InputError(f"{encoder.name} does not encode {kind}s; name another: --{kind}-encoder SPEC")
        made[kind] = encoder
    for kind, encoder in made.items():
        if isinstance(encoder, Fitted) and not encoder.fitted:
            progress(f"fitting {encoder.name}", 0, None)
            fit_encoder(source, encoder)
            fitted[kind] = encoder
        encoder.check_ready()
    return made, fitted


def _blank(name: str, kind: Modality, encoder: Encoder) -> Refusal:
    reason = f"{kind} {name} says nothing to {encoder.name}: a row of zeros"
    return Refusal(item=name, code="featureless", reason=reason)


def _paired(source: Source, images: Features, texts: Features) -> tuple[Pairs, list[str]]:
    """What belongs together by the records, without what has no partner."""
    said = [_said(part.vectors) for part in (images, texts)]
    rows = np.array(pairing(images, texts), dtype=np.int64).reshape(-1, 2)
    rows = rows[said[1][rows[:, 0]] & said[0][rows[:, 1]]]
    if not len(rows):
        raise InputError(
            f"{source.path} has {len(images.ids)} pictures and {len(texts.ids)} texts, but no record with "
            "both; name a table with a column of pictures and one of texts"
        )
    of_text, first = np.unique(rows[:, 0], return_index=True)
    kept = np.unique(rows[:, 1])
    now_text, now_image = (np.full(len(part.ids), -1, dtype=np.int64) for part in (texts, images))
    now_text[of_text], now_image[kept] = np.arange(len(of_text)), np.arange(len(kept))
    matches = np.column_stack([now_text[rows[:, 0]], now_image[rows[:, 1]]])
    pairs = Pairs(
        images=images.vectors[kept],
        texts=texts.vectors[of_text],
        image_ids=tuple(images.ids[row] for row in kept),
        text_ids=tuple(texts.ids[row] for row in of_text),
        image_of_text=matches[first, 1],
        labels=_labels(source, images, kept),
        matches=matches if len(matches) > len(of_text) else None,
    )
    alone = (len(images.ids) - len(kept), "picture"), (len(texts.ids) - len(of_text), "text")
    notes = [f"{n:,} {word}{'s' * (n > 1)} without a partner left out" for n, word in alone if n]
    return pairs, notes


def _labels(source: Source, images: Features, kept: Array) -> Array | None:
    """The class name of each image, empty where a record has none; None when no record has any."""
    found: dict[str, str] = {}
    links = iter(images.links)
    link = next(links, None)
    records = (record for record in source.records() if isinstance(record, Record))
    for number, record in enumerate(records):
        while link is not None and link[0] == number:
            if record.label:
                found.setdefault(link[1], record.label)
            link = next(links, None)
    if not found:
        return None
    return np.array([found.get(images.ids[row], "") for row in kept], dtype=np.str_)
