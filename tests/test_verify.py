"""Verify finds what is not as it was written."""

import os

import numpy as np
import pyarrow as pa
import pytest

from tuwen import Collection

WIDTH = 16


@pytest.fixture
def collection(tmp_path):
    """Sixteen pictures along the axes."""
    made = Collection.create(tmp_path / "c", encoder=None, width=WIDTH)
    made.add_vectors("image", [f"p{i}" for i in range(WIDTH)], np.eye(WIDTH))
    return made


def test_a_whole_collection_has_no_faults(collection):
    assert collection.verify() == []
    assert Collection.open(collection.path).verify() == []


def test_an_index_with_other_vectors_is_found(collection):
    index = collection.indexes.get(collection.store.view, "images")
    key = index.keys[3:4]
    index.remove(key)
    index.add(key, np.ones((1, WIDTH)))
    (fault,) = collection.verify()
    assert "1 rows of the vector index are not those stored" in fault


def test_an_index_that_lacks_a_row_is_found(collection):
    index = collection.indexes.get(collection.store.view, "images")
    index.remove(index.keys[:1])
    (fault,) = collection.verify()
    assert "holds 15 rows, the table 16; remove" in fault


def test_files_that_cannot_be_read_are_a_fault(collection):
    data = next((collection.path / "images.lance" / "data").iterdir())
    os.truncate(data, data.stat().st_size // 2)
    (fault,) = Collection.open(collection.path).verify()
    assert fault.startswith("images: ")
    assert "cannot be read" in fault


def test_vectors_that_are_no_numbers_are_faults_with_codes_too(tmp_path):
    made = Collection.create(tmp_path / "c", encoder=None, width=WIDTH, codes=8)
    rng = np.random.default_rng(0)
    for kind in ("image", "text"):
        made.add_vectors(kind, [f"{i}" for i in range(40)], rng.normal(size=(40, WIDTH)))
    made.finish()
    schema = made.store.view.dataset("texts").schema
    rows = made.store.view.by_ids("texts", ["7"], schema.names).drop_columns(["_rowid"])
    field = schema.field("vector")
    numbers = pa.array(np.full(WIDTH, np.nan, dtype=np.float16))
    vector = pa.FixedSizeListArray.from_arrays(numbers, WIDTH)
    spoiled = rows.set_column(schema.names.index("vector"), field, vector)
    with made.store.transaction() as transaction:
        transaction.delete("texts", ["7"])
        transaction.append("texts", spoiled)
    faults = made.verify()
    assert any("1 vectors are not of length one: '7'" in fault for fault in faults)
    assert any("checksum: '7'" in fault for fault in faults)
