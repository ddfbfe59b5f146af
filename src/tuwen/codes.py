"""Hash codes beside the vectors: learned from the collection, or the bits that the vectors are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa

from tuwen import methods, tables
from tuwen.arrays import Array, Modality
from tuwen.errors import CollectionError, Damaged
from tuwen.methods import Hasher
from tuwen.tables import TABLE_OF
from tuwen.view import View

if TYPE_CHECKING:
    from tuwen.collection import Collection

SAMPLE = 50_000  # vectors a modality that the hash function is learned from
ENOUGH = 4  # times as many items as bits, before it is learned


class Bits(Protocol):
    """What makes codes of stored vectors."""

    def transform(self, features: Array, modality: Modality) -> Array:
        """Packed codes (n, bits // 8) of vectors (n, width)."""


class Signs:
    """Codes of vectors that are codes already, as a hashing method makes them: ±1/√bits."""

    def transform(self, features: Array, modality: Modality) -> Array:
        """The signs, packed, (n, width // 8)."""
        return np.packbits(np.asarray(features) > 0, axis=1)


def have_codes(view: View) -> bool:
    """Whether the tables hold codes."""
    return "code" in view.names("images")


def learn(collection: Collection) -> bool:
    """Learn the hash function and code every item, once there are enough; whether codes are there now.

    It is learned once: a collection that was rolled back to a time before its codes takes it again, so
    that the codes of every snapshot compare with those of today.
    """
    bits = collection.store.identity.codes
    if not bits:
        return False
    if have_codes(collection.store.view):
        return True
    with collection.writing():
        view = collection.store.view  # another process may have been faster
        if have_codes(view):
            return True
        hasher = _known(collection)
        if hasher is None:
            if view.count("images") + view.count("texts") < ENOUGH * bits:
                return False
            fitted = _fit(view, bits)
            fitted.save(_folder(collection))
            hasher = fitted
        with collection.store.transaction() as transaction:
            for kind, table in TABLE_OF.items():
                _add_column(transaction.dataset(table), hasher, kind, bits // 8)
            transaction.added_columns()
    return True


def are_vectors(collection: Collection) -> bool:
    """Whether the vectors are the codes of a hashing method that was fitted before."""
    name = collection.store.identity.method
    return bool(name) and issubclass(methods.find(name), Hasher)


def _known(collection: Collection) -> Bits | None:
    if are_vectors(collection):
        return Signs()
    try:
        return methods.load(_folder(collection))  # type: ignore[return-value]
    except Damaged:  # none yet, or what a killed writer left
        return None


def _fit(view: View, bits: int) -> Hasher:
    from tuwen.methods.hashing.itq import ITQ

    samples = {kind: _sample(view, kind) for kind in TABLE_OF}
    hasher = ITQ(bits=bits)
    hasher.fit(samples["image"], samples["text"])
    return hasher


def load(collection: Collection) -> Bits:
    """The hash function the codes were made with.

    Raises:
        CollectionError: The collection has no codes.
    """
    if not have_codes(collection.store.view):
        bits = collection.store.identity.codes
        hint = (
            f"there are too few items to learn {bits} bits from"
            if bits
            else "make it with codes: tuwen index COLLECTION SOURCE --codes 64"
        )
        raise CollectionError(f"{collection.path} has no hash codes; {hint}")
    return Signs() if are_vectors(collection) else methods.load(_folder(collection))  # type: ignore[return-value]


def _folder(collection: Collection) -> Path:
    return collection.path / "coder"


def _sample(view: View, kind: Modality) -> Array:
    keys = np.sort(view.keys(TABLE_OF[kind]))
    if len(keys) > SAMPLE:
        keys = np.sort(np.random.default_rng(0).choice(keys, SAMPLE, replace=False))
    parts = [
        tables.matrix(view.take(TABLE_OF[kind], keys[start : start + 4096], ["vector"])["vector"])
        for start in range(0, len(keys), 4096)
    ]
    width = view.dataset(TABLE_OF[kind]).schema.field("vector").type.list_size
    return np.concatenate(parts).astype(np.float32) if parts else np.empty((0, width), dtype=np.float32)


def _add_column(dataset: Any, hasher: Bits, kind: Modality, code_bytes: int) -> None:
    import lance

    column = pa.field("code", pa.list_(pa.uint8(), code_bytes))
    if dataset.count_rows() == 0:
        dataset.add_columns(column)
        return

    @lance.batch_udf(output_schema=pa.schema([column]))
    def code(batch: pa.RecordBatch) -> pa.RecordBatch:
        packed = hasher.transform(tables.matrix(batch["vector"]).astype(np.float32), kind)
        values = pa.FixedSizeListArray.from_arrays(pa.array(packed.ravel()), code_bytes)
        return pa.record_batch([values], schema=pa.schema([column]))

    dataset.add_columns(code, read_columns=["vector"])
