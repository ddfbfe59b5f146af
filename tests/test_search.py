"""Every option of a search, alone and with others: whole pages, right order, bounded memory."""

import threading

import numpy as np
import pytest

from tuwen import Collection
from tuwen.errors import InputError
from tuwen.query import Part, Query
from tuwen.search import find_words

WIDTH = 16
COUNT = 300


def unit(seed, n):
    rows = np.random.default_rng(seed).normal(size=(n, WIDTH)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    """Three hundred pictures and texts; two hundred of the pictures are of one entity, near one another."""
    made = Collection.create(tmp_path_factory.mktemp("search") / "c", encoder=None, width=WIDTH, codes=32)
    images = unit(0, COUNT)
    images[:200] = images[0] + 0.05 * images[:200]
    entities = ["crowd"] * 200 + [f"e{i}" for i in range(200, COUNT)]
    made.add_vectors(
        "image",
        [f"p{i}" for i in range(COUNT)],
        images,
        entity=entities,
        metadata=[{"odd": i % 2} for i in range(COUNT)],
    )
    words = ["红 red", "绿 green", "蓝 blue"]
    made.add_vectors(
        "text",
        [f"t{i}" for i in range(COUNT)],
        unit(1, COUNT),
        entity=[f"e{i}" for i in range(COUNT)],
        text=[f"{words[i % 3]} picture {i}" for i in range(COUNT)],
    )
    made.finish()
    return made


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"group": True},
        {"diversity": 0.5},
        {"exact": True, "where": "odd = 1"},
        {"group": True, "diversity": 0.3, "where": "odd = 0"},
    ],
)
def test_pages_join_to_the_whole(collection, options):
    query = unit(0, 1)[0]
    whole = collection.search(query, k=90, **options)
    pages = [hit for page in range(3) for hit in collection.search(query, k=30, offset=30 * page, **options)]
    assert [hit.id for hit in pages] == [hit.id for hit in whole]
    assert [hit.rank for hit in pages] == [*range(1, len(whole) + 1)]
    assert len({hit.id for hit in pages}) == len(pages)


@pytest.fixture
def words(collection, monkeypatch):
    """Lets words be encoded."""
    monkeypatch.setattr("tuwen.search.encode_query", lambda collection, query: unit(3, 1)[0])
    return Query(parts=(Part(text="red"),))


@pytest.mark.parametrize("options", [{}, {"diversity": 0.4}, {"group": True}, {"where": "id != 't3'"}])
def test_pages_with_words_join_to_the_whole(collection, words, options):
    whole = collection.search(words, kind="text", k=180, hybrid=True, **options)
    pages = [
        hit
        for page in range(3)
        for hit in collection.search(words, kind="text", k=60, offset=60 * page, hybrid=True, **options)
    ]
    assert [hit.id for hit in pages] == [hit.id for hit in whole]
    best = collection.search(words, kind="text", k=5, hybrid=True)
    assert all("red" in hit.text for hit in best)


def test_diversity_keeps_the_order_that_words_made(collection, words):
    plain = collection.search(words, kind="text", k=1, hybrid=True)
    assert collection.search(words, kind="text", k=1, hybrid=True, diversity=0.1)[0].id == plain[0].id


def test_words_are_found_behind_a_filter(collection):
    view = collection.store.view
    allowed = view.keys("texts", "id in ('t297', 't298')")
    found = find_words(collection, view, "texts", "red", 1, allowed)
    assert view.take("texts", found, ["id"])["id"].to_pylist() == ["t297"]


def test_one_hit_an_entity_however_many_it_has(collection):
    query = unit(0, 1)[0]
    found = collection.search(query, k=20, group=True)
    assert len(found) == 20
    assert len({hit.entity for hit in found}) == 20
    assert found[0].entity == "crowd"


@pytest.mark.parametrize(
    "options", [{}, {"exact": True}, {"codes": True}, {"group": True}, {"diversity": 0.5}]
)
def test_more_than_there_is_gives_all_without_room_for_more(collection, options):
    wanted = 101 if "group" in options else COUNT
    assert len(collection.search(unit(2, 1)[0], k=10**12, **options)) == wanted
    assert len(collection.search(unit(2, 1)[0], k=5, offset=10**12, **options)) == 0


def test_comparing_everything_keeps_the_filter(collection):
    query = unit(2, 1)[0]
    fast = collection.search(query, k=20, where="odd = 1")
    exact = collection.search(query, k=20, where="odd = 1", exact=True)
    assert [hit.id for hit in fast] == [hit.id for hit in exact]
    assert not collection.search(query, where="odd = 7", exact=True)


@pytest.mark.parametrize("options", [{"k": 3.0}, {"k": "3"}, {"offset": 1.5}])
def test_numbers_of_hits_are_whole(collection, options):
    with pytest.raises(InputError, match="must be a whole number"):
        collection.search(unit(2, 1)[0], **options)


def test_codes_are_asked_on_the_side_the_query_is_of(collection, monkeypatch):
    asked = []
    hasher = collection.hasher()
    transform = hasher.transform
    monkeypatch.setattr(
        hasher, "transform", lambda rows, side: asked.append(side) or transform(rows, side), raising=False
    )
    monkeypatch.setattr("tuwen.search.encode_query", lambda collection, query: unit(3, 1)[0])
    collection.search(Query(parts=(Part(text="red"),)), kind="text", codes=True)
    collection.search(unit(3, 1)[0], kind="text", codes=True)
    assert asked == ["text", "image"]


def test_words_are_found_while_the_collection_cannot_be_written(tmp_path):
    made = Collection.create(tmp_path / "c", encoder=None, width=WIDTH)
    texts = ["一只黑色的狗 Black dog", "two cats", "a DOG's day, black"]
    made.add_vectors("text", ["a", "b", "c"], unit(0, 3), text=texts)
    reader = Collection.open(made.path)
    found = []
    with made.store.transaction():
        thread = threading.Thread(
            target=lambda: found.append(find_words(reader, reader.store.view, "texts", "dog black 黑色", 5))
        )
        thread.start()
        thread.join()
    assert reader.store.view.take("texts", found[0], ["id"])["id"].to_pylist() == ["a", "c"]
    assert not reader.store.view.has_text_index
