"""An export comes back whole, or not at all."""

import numpy as np
import pytest

from tuwen import Collection
from tuwen.errors import CollectionError, Damaged, InputError

WIDTH = 8


@pytest.fixture
def collection(tmp_path):
    """Three pictures and three texts."""
    made = Collection.create(tmp_path / "c", encoder=None, width=WIDTH)
    vectors = np.random.default_rng(0).normal(size=(3, WIDTH))
    made.add_vectors(
        "image",
        ["a", "b", "c"],
        vectors,
        label=["x", None, "y"],
        metadata=[{"deep": {"a": [1, None]}}, {}, None],
    )
    made.add_vectors("text", ["a", "b", "c"], vectors, text=["一", "two", ""])
    return made


@pytest.fixture
def exported(collection, tmp_path):
    """The folder of its export."""
    collection.export(tmp_path / "out")
    return tmp_path / "out"


def test_every_value_comes_back(collection, exported, tmp_path):
    again = Collection.create(tmp_path / "again", encoder=None, width=WIDTH)
    assert again.import_from(exported) == 6
    for kind in ("image", "text"):
        assert list(again.items(kind)) == list(collection.items(kind))
    assert again.verify() == []


def test_an_item_that_is_there_already_stops_all_of_it(exported, tmp_path):
    again = Collection.create(tmp_path / "again", encoder=None, width=WIDTH)
    again.add_vectors("text", ["b"], np.ones((1, WIDTH)))
    with pytest.raises(InputError, match="texts has an item 'b' already"):
        again.import_from(exported)
    assert (again.count("image"), again.count("text")) == (0, 1)


def test_an_empty_collection_goes_out_and_in(tmp_path):
    made = Collection.create(tmp_path / "c", encoder=None, width=WIDTH)
    made.export(tmp_path / "out")
    assert made.import_from(tmp_path / "out") == 0


def test_a_spoiled_export_is_refused(exported, tmp_path):
    again = Collection.create(tmp_path / "again", encoder=None, width=WIDTH)
    (exported / "texts.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(Damaged, match="not a readable Parquet file"):
        again.import_from(exported)
    assert again.count("image") == 0


def test_an_export_of_another_encoder_is_refused(tiny_collection, exported):
    with pytest.raises(CollectionError, match="do not compare"):
        tiny_collection.import_from(exported)
