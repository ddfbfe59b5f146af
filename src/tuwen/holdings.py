"""What a collection holds, whatever encodes it: items by kind and id, states kept under names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tuwen import tables
from tuwen.arrays import MODALITIES, Array, Modality, unit_rows
from tuwen.errors import InputError, UnknownName, unknown
from tuwen.items import condition, item_columns, to_items
from tuwen.results import Item
from tuwen.store import Store
from tuwen.tables import TABLE_OF

SUGGEST = 10_000  # items up to which an unknown id is compared with all of them


class Holdings:
    """Items in a folder, read and removed without an encoder or an index; base of `Collection`."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @property
    def path(self) -> Path:
        """The folder."""
        return self.store.path

    @property
    def width(self) -> int:
        """Columns of the vectors."""
        return self.store.identity.width

    def count(self, kind: Modality) -> int:
        """How many items of a kind there are."""
        return self.store.view.count(table_of(kind))

    def ids(self, kind: Modality) -> list[str]:
        """The ids of all items of a kind."""
        return list(self.store.view.scan(table_of(kind), ["id"])["id"].to_pylist())

    def get(self, kind: Modality, identifier: str) -> Item:
        """One item.

        Raises:
            UnknownName: There is no such item.
        """
        found = self.store.view.by_ids(table_of(kind), [identifier], item_columns(kind))
        if found.num_rows == 0:
            raise self._unknown(kind, identifier)
        return to_items(found, kind)[0]

    def items(self, kind: Modality, where: str | None = None) -> Iterator[Item]:
        """All items of a kind, or those that a filter keeps."""
        view = self.store.view
        wanted = condition(view, table_of(kind), where)
        for batch in view.batches(table_of(kind), item_columns(kind), where=wanted):
            yield from to_items(batch, kind)

    def page(
        self, kind: Modality, where: str | None = None, *, offset: int = 0, limit: int = 100
    ) -> tuple[list[Item], int]:
        """Some of what `items` gives, read alone however far down they stand, and how many there are.

        Args:
            kind: Of the items.
            where: A filter; None keeps all.
            offset: How many to pass over.
            limit: How many at most.
        """
        view, table = self.store.view, table_of(kind)
        keys = view.keys(table, condition(view, table, where))
        shown = view.take(table, keys[offset : offset + limit], item_columns(kind))
        return to_items(shown, kind), len(keys)

    def vectors(self, kind: Modality, ids: Sequence[str]) -> Array:
        """The stored vectors of some items, (n, width) float32, in the order asked.

        Raises:
            UnknownName: One of them is not there.
        """
        check_ids(ids)
        found = self.store.view.by_ids(table_of(kind), ids, ["id", "vector"])
        place = {identifier: row for row, identifier in enumerate(found["id"].to_pylist())}
        for identifier in ids:
            if identifier not in place:
                raise self._unknown(kind, identifier)
        stored = tables.matrix(found["vector"]).astype(np.float32)
        return unit_rows(stored[[place[identifier] for identifier in ids]])

    def delete(self, kind: Modality, ids: Sequence[str]) -> int:
        """Remove items; unknown ids are passed over. Returns how many were removed."""
        check_ids(ids)
        with self.store.transaction() as transaction:
            return transaction.delete(table_of(kind), list(ids))

    def snapshot(self, name: str) -> None:
        """Keep the present state under a name."""
        self.store.snapshot(name)

    def drop_snapshot(self, name: str) -> None:
        """Forget a snapshot; `compact` then frees what only it held."""
        self.store.drop_snapshot(name)

    def roll_back(self, name: str) -> None:
        """Make a snapshot the present state again."""
        self.store.roll_back(name)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep other writers out over several changes."""
        with self.store.writing():
            yield

    def _unknown(self, kind: Modality, identifier: str) -> UnknownName:
        return unknown(kind, str(identifier), self.ids(kind) if self.count(kind) <= SUGGEST else ())


def table_of(kind: Modality) -> tables.Table:
    """The table of a kind of items.

    Raises:
        UnknownName: There is no such kind.
    """
    if kind not in TABLE_OF:
        raise unknown("kind", str(kind), MODALITIES)
    return TABLE_OF[kind]


def check_ids(ids: Sequence[str]) -> None:
    """Refuse one string where a list of ids is needed; its letters would pass for ids."""
    if isinstance(ids, str):
        raise InputError(f"ids is the string {ids!r}; give a list of ids")
