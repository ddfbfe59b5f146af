"""The whole way on real pictures and captions; skipped where the data is not at hand."""

import csv

import pytest

from tuwen.collection import Collection
from tuwen.data import open_source
from tuwen.ingest import ingest

PICTURES = 40


@pytest.fixture(scope="module")
def collection(data_folder, tmp_path_factory):
    """Forty pictures of the validation part with their ten captions each, in English and Chinese."""
    folder = tmp_path_factory.mktemp("flickr8k")
    with (data_folder / "flickr8k" / "val.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    wanted = list(dict.fromkeys(row["image"] for row in rows))[:PICTURES]
    with (folder / "part.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(row for row in rows if row["image"] in wanted)
    collection = Collection.create(folder / "c")
    ingest(collection, open_source(folder / "part.csv", root=data_folder / "flickr8k"))
    collection.finish()
    return collection


def recall(collection, where, k):
    """Share of captions whose own picture is among the first k."""
    captions = list(collection.items("text", where))
    (matched, _) = collection.match([item.text for item in captions], k=k)
    good = [item.entity in found for item, found in zip(captions, matched.item_ids, strict=True)]
    return sum(good) / len(good)


def test_everything_is_stored_and_sound(collection):
    assert (collection.count("image"), collection.count("text")) == (PICTURES, 10 * PICTURES)
    assert collection.verify() == []


@pytest.mark.parametrize(("language", "least"), [("en", 0.6), ("zh", 0.5)])
def test_captions_find_their_pictures(collection, language, least):
    assert recall(collection, f"language = '{language}'", 5) >= least


def test_pictures_find_their_captions(collection):
    good = 0
    for picture in collection.items("image"):
        found = collection.similar("image", picture.id, to="text", k=10)
        good += any(hit.entity == picture.entity for hit in found)
    assert good / PICTURES >= 0.6
