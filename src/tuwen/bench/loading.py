"""What a cell learns from, what it asks and what it searches, as features and relevance."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tuwen import __version__, datasets, methods
from tuwen.arrays import Array
from tuwen.bench.noise import wrong_labels
from tuwen.bench.runs import Cell, Direction
from tuwen.datasets import Pairs, Splits
from tuwen.datasets.cutting import hold_out
from tuwen.errors import InputError
from tuwen.files import read_arrays, write_arrays
from tuwen.metrics import Relevance, by_labels, by_pairs

#: Share of the training images that stands in for a validation part where the split has none.
HELD_OUT = 0.2
#: What encodes captions that have no features: the commonest words, so that closed forms stay quick.
TEXT_ENCODER = "tfidf,features=2000"
#: Before a text encoder: a row for each word, for methods on sets; and what images of parts get by default.
WORDS = "words:"
WORD_ENCODER = f"{WORDS}word2vec,width=300"


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What a cell works on.

    Attributes:
        train: What is learned from.
        asked: Whose images and texts are queries.
        items: What is searched.
        by_class: True is what shares a class; otherwise what was paired with the query.
        files: SHA-256 of what was read.
        notes: What a reader of figures must know.
        held_out: Of the split, for methods that choose while they learn; None where it is what is scored,
            or where the split has none.
    """

    train: Pairs
    asked: Pairs
    items: Pairs
    by_class: bool
    files: dict[str, str]
    notes: tuple[str, ...]
    held_out: Pairs | None = None

    @property
    def sizes(self) -> dict[str, int]:
        """Pairs, images and texts of each part, and widths of the features."""
        images, texts = self.train.features
        parts = {"train": self.train, "queries": self.asked, "items": self.items}
        told = {name: len(part.relevance) for name, part in parts.items()}
        told |= {f"{name}_images": len(part.image_ids) for name, part in parts.items()}
        told |= {f"{name}_texts": len(part.text_ids) for name, part in parts.items()}
        return told | {"d_image": int(images.shape[-1]), "d_text": int(texts.shape[-1])}

    def relevant(self, direction: Direction, *, fused: bool) -> Relevance:
        """Which items are true for which query.

        Args:
            direction: Images ask, or texts.
            fused: Items are pairs, of images and texts at once.

        Raises:
            InputError: There is nothing to tell it by.
        """
        images = direction == "i2t"
        if self.by_class:
            queries = self.asked.labels if images else self.asked.text_labels
            items = self.items.text_labels if images else self.items.labels
            if fused and self.items.labels is not None:
                items = self.items.labels[self.items.relevance[:, 1]]
            if queries is None or items is None:
                raise InputError("a part has no labels, and what is true is told by classes; add labels")
            return by_labels(queries, items)
        if self.asked is not self.items or fused:
            raise InputError(
                "what is true is told by pairs, so the queries' own partners must be searched, each coded "
                "by its own features: use database='part' and codes 'vectors' or 'modality'"
            )
        pairs = self.asked.relevance  # text, image
        counts = len(self.asked.text_ids), len(self.asked.image_ids)
        n, m = counts[::-1] if images else counts
        return by_pairs(pairs[:, ::-1] if images else pairs, queries=n, items=m)


def told_by_class(data: str, splits: Splits) -> bool:
    """Whether true is what shares a class: as a benchmark says, or where a file has labels."""
    if data in datasets.names():
        return datasets.find(data).info.relevance == "class"
    return splits.train.labels is not None and splits.test.labels is not None


def prepare(cell: Cell, *, data_root: Path | None = None, cache: Path | None = None) -> Material:
    """Read, cut and encode what a cell works on.

    Args:
        cell: What is run.
        data_root: As `datasets.load` takes it.
        cache: A folder that keeps features of captions; none are kept without.

    Raises:
        TuwenError: The data cannot be read, or does not suit the cell.
    """
    splits = datasets.load(cell.data, cell.split, cell.features, seed=cell.data_seed, data_root=data_root)
    train, asked, notes = splits.train, splits.test, list(splits.notes)
    validates = methods.find(cell.method).validates and cell.part == "test"
    held_out = splits.val if validates else None
    if cell.part == "val" and splits.val is not None:
        asked = splits.val
    elif cell.part == "val":
        train, asked = hold_out(train, HELD_OUT, cell.data_seed)
        notes.append(
            f"validation part: {HELD_OUT:.0%} of the training images, drawn by seed {cell.data_seed}"
        )
    items = asked
    if cell.database != "part":
        # while settings are chosen the training pairs are searched: another database could hold the queries
        whole = cell.database == "database" and cell.part == "test"
        items = (splits.database if whole else None) or train
    parts = {"train": train, "asked": asked, "items": items}
    if held_out is not None:
        parts["held_out"] = held_out
        notes.append("the split's validation part chose the epoch")
    if any(part.texts is None for part in parts.values()):
        sets = train.images is not None and train.images.ndim == 3
        spec = cell.text_encoder or (WORD_ENCODER if sets else TEXT_ENCODER)
        parts = _with_texts(parts, spec, cache)
        notes.append(f"texts: {spec}, fitted on the training captions")
    parts = _numbered(parts)
    if cell.noise:
        parts["train"] = wrong_labels(parts["train"], cell.noise, int(cell.params["seed"]))
    return Material(
        **parts,
        by_class=told_by_class(cell.data, splits),
        files=splits.files,
        notes=tuple(notes),
    )


def _with_texts(parts: dict[str, Pairs], spec: str, cache: Path | None) -> dict[str, Pairs]:
    """The parts with features of their captions, by an encoder that saw the training captions alone."""
    captions = {name: part.captions for name, part in parts.items()}
    if not all(captions.values()):
        lacking = next(name for name, texts in captions.items() if not texts)
        raise InputError(f"the {lacking} part has neither features of texts nor captions; it needs one")
    told = json.dumps([__version__, spec, captions], ensure_ascii=False)
    kept = cache / f"{hashlib.sha256(told.encode()).hexdigest()[:16]}.npz" if cache else None
    if kept is not None and kept.is_file():
        features = read_arrays(kept)
    else:
        features = _encoded(captions, spec)
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            write_arrays(kept, features)
    made = {name: replace(part, texts=features[name]) for name, part in parts.items()}
    return _same(parts, made)


def _encoded(captions: dict[str, tuple[str, ...]], spec: str) -> dict[str, Array]:
    from tuwen import encoders
    from tuwen.encoders.fitted import Fitted
    from tuwen.parts import text_parts

    encoder = encoders.load(spec.removeprefix(WORDS))
    if isinstance(encoder, Fitted) and not encoder.fitted:
        encoder.fit(captions["train"])
    if spec.startswith(WORDS):
        return {name: text_parts(list(texts), encoder) for name, texts in captions.items()}
    return {name: encoder.encode_texts(texts) for name, texts in captions.items()}


def _numbered(parts: dict[str, Pairs]) -> dict[str, Pairs]:
    """The parts with numbers for names of classes, the same in all."""
    labels = {name: part.labels for name, part in parts.items() if part.labels is not None}
    if all(values.dtype.kind in "biuf" for values in labels.values()):
        return parts
    classes = np.unique(np.concatenate(list(labels.values())))
    made = {
        name: replace(part, labels=np.searchsorted(classes, labels[name])) if name in labels else part
        for name, part in parts.items()
    }
    return _same(parts, made)


def _same(parts: dict[str, Pairs], made: dict[str, Pairs]) -> dict[str, Pairs]:
    """What was one part stays one object: whether items are the queries' own is told by that."""
    for other in ("asked", "train"):
        if parts["items"] is parts[other]:
            return made | {"items": made[other]}
    return made
