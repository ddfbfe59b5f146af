import numpy as np
import pytest

from tuwen.collection import Collection
from tuwen.overview import overview, plane


def test_items_are_counted_by_kind_class_and_reason(tiny_collection, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    import tuwen

    tiny_collection.add([tuwen.Record(images=(tuwen.Picture(path=str(tmp_path / "bad.png")),))])
    found = overview(tiny_collection)
    assert found.counts == {"image": 16, "text": 16} and found.missing == {"image": 0, "text": 0}
    assert found.labels["image"]["red"] == 2 and len(found.labels["text"]) == 8
    assert found.refused == {"not-a-picture": 1}


def test_a_plane_keeps_what_differs_most(tiny_encoder, tmp_path):
    collection = Collection.create(tmp_path / "c", encoder=tiny_encoder)
    angles = np.linspace(0, 1, 40)
    vectors = np.zeros((40, collection.width), dtype=np.float32)
    vectors[:, 3], vectors[:, 5] = np.cos(angles), np.sin(angles)
    collection.add_vectors("image", [f"p{n}" for n in range(40)], vectors, label=["a"] * 40)
    found = plane(collection)
    assert found.ids == [f"p{n}" for n in range(40)] and found.labels == ["a"] * 40
    assert found.explained == pytest.approx(1, abs=1e-3)
    assert np.abs(found.places).max() == pytest.approx(1)
    assert (np.diff(found.places[:, 0]) != 0).all() and len(set(np.sign(np.diff(found.places[:, 0])))) == 1


def test_a_plane_of_many_takes_some_at_equal_distances(tiny_collection):
    found = plane(tiny_collection, "image", limit=4)
    assert found.ids == [tiny_collection.ids("image")[row] for row in (0, 5, 10, 15)]


def test_an_empty_collection_has_an_empty_plane(tiny_encoder, tmp_path):
    collection = Collection.create(tmp_path / "c", encoder=tiny_encoder)
    assert plane(collection).ids == [] and overview(collection).counts == {"image": 0, "text": 0}
