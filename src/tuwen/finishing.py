"""Ready for fast answers: what is learned and indexed once items are there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tuwen import calibration, codes
from tuwen.arrays import MODALITIES
from tuwen.errors import CollectionError
from tuwen.index.disk import Disk
from tuwen.tables import TABLE_OF
from tuwen.view import View

if TYPE_CHECKING:
    from tuwen.collection import Collection

FRAGMENTS = 64  # small files a table, from which on they are joined


def finish(collection: Collection, say: Callable[[str], None]) -> None:
    """See `Collection.finish`."""
    store = collection.store
    if store.identity.codes:
        say("learning hash codes")
        codes.learn(collection)
    if collection.count("text"):
        say("indexing words")
        with store.transaction() as transaction:
            transaction.index_text()
    if max(len(store.view.dataset(table).get_fragments()) for table in TABLE_OF.values()) > FRAGMENTS:
        say("joining small files")
        store.compact()
    say("indexing vectors")
    for table in TABLE_OF.values():
        if collection.indexes.on_disk(store.view, table):
            with store.transaction() as transaction:
                Disk.make(transaction.dataset(table), "vector")
    collection.indexes.save(store.view)
    if all(collection.count(kind) for kind in MODALITIES):
        say("learning when nothing fits")
        calibration.refresh(collection)


def with_text_index(collection: Collection, view: View) -> View:
    """A view whose full-text index is there, made if need be; the same view where that cannot be done."""
    if not view.has_text_index and view.count("texts"):
        try:
            with collection.store.transaction(wait=0.1) as transaction:
                transaction.index_text()
        except CollectionError:  # a read-only folder, or another process is writing
            return view
        return collection.store.view
    return view
