"""Verify finds what is not as it was written."""

import os

import numpy as np
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
