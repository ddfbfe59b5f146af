"""Reading rows by address: from the tables, and from memory once they are asked for often."""

import numpy as np
import pytest

from tuwen import view as views
from tuwen.items import item_columns

COLUMNS = item_columns("image")


@pytest.fixture
def keys(tiny_collection):
    """Addresses of eleven pictures in no order, one twice, one that is not there."""
    found = tiny_collection.store.view.keys("images")
    order = np.random.default_rng(0).permutation(len(found))[:10]
    return np.concatenate([found[order], found[order[:1]], [10**9]])


def test_rows_from_memory_are_the_rows_of_the_table(tiny_collection, keys, monkeypatch):
    view = tiny_collection.store.view
    monkeypatch.setattr(views, "FIRST", 3)
    scans = []
    scan = view.scan
    monkeypatch.setattr(view, "scan", lambda *given: scans.append(given) or scan(*given))
    first, second, third, fourth = (view.take("images", keys, COLUMNS) for _ in range(4))
    assert len(scans) == 2
    assert first.num_rows == 11
    assert first.column_names == [*COLUMNS, "_rowid"]
    assert all(found.equals(first) for found in (second, third, fourth))
    assert view.take("images", keys[:0], COLUMNS).num_rows == 0
    assert view.take("images", keys[-1:], COLUMNS).num_rows == 0


def test_vectors_are_never_held(tiny_collection, keys, monkeypatch):
    view = tiny_collection.store.view
    monkeypatch.setattr(views, "FIRST", 1)
    monkeypatch.setattr(view, "batches", lambda *given: pytest.fail("all rows were read"))
    assert view.take("images", keys, ["id", "vector"]).num_rows == 11


def test_columns_too_large_for_memory_are_read_each_time(tiny_collection, keys, monkeypatch):
    view = tiny_collection.store.view
    monkeypatch.setattr(views, "FIRST", 1)
    monkeypatch.setattr(views, "HELD", 100)
    wanted = view.scan("images", COLUMNS)
    for _ in range(3):
        assert view.take("images", wanted["_rowid"].to_numpy(), COLUMNS).equals(wanted)
    assert all(held.rows is None for held in view._held.values())


def test_what_is_written_later_is_found(tiny_collection, monkeypatch):
    monkeypatch.setattr(views, "FIRST", 1)
    before = tiny_collection.search("a red picture", k=3)
    tiny_collection.update("image", before[0].id, label="changed")
    tiny_collection.delete("image", [before[1].id])
    after = tiny_collection.search("a red picture", k=3)
    assert after[0].label == "changed"
    assert before[1].id not in {hit.id for hit in after}
