"""Changes to a collection that are encoded and become visible together."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from tuwen.arrays import MODALITIES, Array, Modality
from tuwen.errors import TextError
from tuwen.records import Refusal
from tuwen.tables import TABLE_OF, metadata_json

if TYPE_CHECKING:
    from tuwen.collection import Collection
    from tuwen.encoders import Encoder
    from tuwen.transaction import Transaction

COMMIT_SECONDS = 2.0  # a hundredth of the run's time, but at least this
MAX_COMMIT_SECONDS = 10.0
COMMIT_ITEMS = 4096


class Batch:
    """Collects new, changed and refused inputs; `commit` makes them one transaction.

    Args:
        collection: Where they go.
        items: A batch is full after so many items, or after a time: two seconds at first, ten seconds
            when a run goes on for a quarter of an hour, so that long runs do not leave thousands of
            small files.
    """

    def __init__(self, collection: Collection, items: int = COMMIT_ITEMS) -> None:
        self._collection = collection
        self._items = items
        self._opened = time.monotonic()
        self.speechless: set[str] = set()  # places of texts that were taken for new and then refused
        self._clear()

    def add_image(self, columns: dict[str, Any], pixels: Array, *, replaces: bool = False) -> None:
        """A picture to encode and store, `replaces` when its id is there already."""
        self._waiting.append(pixels)
        self._add("image", columns, replaces)
        if len(self._waiting) >= self._collection.encoder.batch_size:
            self._encode_images()

    def add_text(self, columns: dict[str, Any], *, replaces: bool = False) -> None:
        """A text to encode and store."""
        self._add("text", columns, replaces)

    def change(self, kind: Modality, identifier: str, **columns: Any) -> None:
        """Change columns of a stored item; its vector stays."""
        self._changes[kind].setdefault(identifier, {}).update(columns)
        self._count += 1

    def remove(self, kind: Modality, identifier: str) -> None:
        """Delete a stored item."""
        self._removed[kind].add(identifier)
        self._count += 1

    def refuse(self, refusal: Refusal) -> None:
        """Note a refused input in the ledger."""
        self._refusals.append(refusal)
        self._count += 1

    def forgive(self, items: Iterable[str]) -> None:
        """Take inputs out of the ledger."""
        before = len(self._forgiven)
        self._forgiven.update(items)
        self._count += len(self._forgiven) - before

    @property
    def full(self) -> bool:
        """Whether it is time to commit."""
        now = time.monotonic()
        wait = min(max((now - self._opened) / 100, COMMIT_SECONDS), MAX_COMMIT_SECONDS)
        return self._count > 0 and (self._count >= self._items or now - self._began >= wait)

    def commit(self) -> None:
        """Encode what waits, write everything in one transaction, and begin anew.

        Raises:
            CollectionError: The disk is full or the folder cannot be written; nothing of it is stored.
        """
        if self._count:
            self._encode_images()
            self._encode_texts()
            with self._collection.store.transaction() as transaction:
                for kind in MODALITIES:
                    self._write(transaction, kind)
                if self._refusals:
                    transaction.refuse(self._refusals)
                if forgiven := self._forgiven - self.speechless:
                    transaction.forgive(sorted(forgiven))
        self._clear()

    def _clear(self) -> None:
        self._fresh: dict[Modality, list[dict[str, Any]]] = {kind: [] for kind in MODALITIES}
        self._vectors: dict[Modality, list[Array]] = {kind: [] for kind in MODALITIES}
        self._changes: dict[Modality, dict[str, dict[str, Any]]] = {kind: {} for kind in MODALITIES}
        self._removed: dict[Modality, set[str]] = {kind: set() for kind in MODALITIES}
        self._waiting: list[Array] = []
        self._refusals: list[Refusal] = []
        self._forgiven: set[str] = set()
        self._count = 0
        self._began = time.monotonic()

    def _add(self, kind: Modality, columns: dict[str, Any], replaces: bool) -> None:
        self._fresh[kind].append(columns)
        if replaces:
            self._removed[kind].add(columns["id"])
        self._count += 1

    def _encode_images(self) -> None:
        if self._waiting:
            self._vectors["image"].append(self._collection.encoder.encode_prepared(np.stack(self._waiting)))
            self._waiting = []

    def _encode_texts(self) -> None:
        """Vectors of the new texts; one that has none, or says nothing to the encoder, is refused."""
        texts, encoder = self._fresh["text"], self._collection.encoder
        if not texts:
            return
        vectors, errors = _encoded(encoder, texts)
        told: list[bool] = (np.abs(vectors).max(axis=1) > 0).tolist()
        for row, text in ((row, text) for row, text in enumerate(texts) if not told[row]):
            # the place as the ledger names it: the file and the line
            place = os.path.normpath(Path(text["source"]).parent / text["origin"]) if text["origin"] else ""
            reason = (
                f"the text {text['text'][:60]!r} says nothing to {encoder.name}; it knows none of the words"
            )
            item, error = place or text["id"], errors.get(row)
            code, reason = (error.code, str(error)) if error else ("featureless", reason)
            self._refusals.append(Refusal(item=item, code=code, reason=reason, source=text["source"]))
            self.speechless.add(item)
        self._fresh["text"] = [text for text, some in zip(texts, told, strict=True) if some]
        self._vectors["text"].append(vectors[told])

    def _write(self, transaction: Transaction, kind: Modality) -> None:
        table, fresh = TABLE_OF[kind], self._fresh[kind]
        if self._changes[kind]:
            transaction.replace(table, self._changed(kind))
        if self._removed[kind]:
            transaction.delete(table, sorted(self._removed[kind]))
        if fresh:
            columns: dict[str, Sequence[Any]] = {name: [row[name] for row in fresh] for name in fresh[0]}
            transaction.append(
                table, self._collection.rows(kind, np.concatenate(self._vectors[kind]), columns)
            )
            transaction.learn_keys({key for row in fresh for key in row["metadata"]})

    def _changed(self, kind: Modality) -> pa.Table:
        """The rows to change, with their new values."""
        table, changes = TABLE_OF[kind], self._changes[kind]
        view = self._collection.store.view
        found = view.by_ids(table, list(changes), view.names(table)).drop_columns(["_rowid"])
        ids = found["id"].to_pylist()
        for name in {name for columns in changes.values() for name in columns}:
            field = found.schema.field(name)
            old = found[name].to_pylist()
            new = [changes[identifier].get(name, value) for identifier, value in zip(ids, old, strict=True)]
            if name == "metadata":
                # what is stored already is text
                texts = [value if isinstance(value, str) else metadata_json(value) for value in new]
                array = pa.ExtensionArray.from_storage(field.type, pa.array(texts, pa.string()))
            else:
                array = pa.array(new, field.type)
            found = found.set_column(found.schema.get_field_index(name), field, array)
        return found


def _encoded(encoder: Encoder, texts: Sequence[Mapping[str, Any]]) -> tuple[Array, dict[int, TextError]]:
    """Vectors, of zeros where a text cannot be encoded, and why by the number of the text."""
    try:
        words, ids = [text["text"] for text in texts], [text["id"] for text in texts]
        return encoder.encode_texts(words, ids=ids), {}
    except TextError as error:
        if len(texts) == 1:
            return np.zeros((1, encoder.width), dtype=np.float32), {0: error}
    # one of them spoils the rest: it is looked for by halves
    middle = len(texts) // 2
    first, errors = _encoded(encoder, texts[:middle])
    second, others = _encoded(encoder, texts[middle:])
    return np.concatenate([first, second]), errors | {middle + row: error for row, error in others.items()}
