"""A collection is stored whole, answers both ways, and refuses what would damage it."""

from dataclasses import replace

import numpy as np
import pytest

import tuwen
from tuwen import Collection
from tuwen.errors import CollectionError, InputError, UnknownName
from tuwen.query import Part, Query

WIDTH = 16


@pytest.fixture
def vectors():
    """Forty unit vectors, sixteen wide; text i lies near image i."""
    rng = np.random.default_rng(0)
    images = rng.normal(size=(40, WIDTH)).astype(np.float32)
    texts = images + 0.1 * rng.normal(size=images.shape).astype(np.float32)
    unit = [side / np.linalg.norm(side, axis=1, keepdims=True) for side in (images, texts)]
    return {"image": unit[0], "text": unit[1]}


@pytest.fixture
def collection(tmp_path, vectors):
    """Forty pictures and forty texts in pairs, without an encoder."""
    made = Collection.create(tmp_path / "c", encoder=None, width=WIDTH)
    names = [f"e{i}" for i in range(40)]
    made.add_vectors(
        "image",
        [f"p{i}" for i in range(40)],
        vectors["image"],
        entity=names,
        path=[f"/pictures/{i}.jpg" for i in range(40)],
        label=["dog" if i % 2 else "cat" for i in range(40)],
        metadata=[{"year": 2000 + i, "城市": "北京" if i < 10 else "上海"} for i in range(40)],
    )
    made.add_vectors(
        "text",
        [f"t{i}" for i in range(40)],
        vectors["text"],
        entity=names,
        text=[f"第{i}张图片 picture number {i} 黑色的狗" for i in range(40)],
    )
    return made


def test_asks_both_ways(collection, vectors):
    pictures = collection.search(vectors["text"][7], kind="image", k=3)
    assert pictures[0].id == "p7"
    assert [hit.rank for hit in pictures] == [1, 2, 3]
    assert pictures[0].score == pytest.approx(vectors["text"][7] @ vectors["image"][7], abs=2e-3)
    texts = collection.search(vectors["image"][7], kind="text", k=1)
    assert (texts[0].id, texts[0].kind) == ("t7", "text")
    assert texts[0].text.startswith("第7张图片")


def test_opens_again_as_it_was(collection, vectors):
    again = tuwen.open(collection.path)
    assert (again.count("image"), again.count("text")) == (40, 40)
    assert again.search(vectors["image"][3], k=1)[0].path == "/pictures/3.jpg"


def test_the_index_agrees_with_comparing_everything(collection, vectors):
    for query in vectors["text"][:5]:
        fast = collection.search(query, k=10)
        exact = collection.search(query, k=10, exact=True)
        assert [hit.id for hit in fast] == [hit.id for hit in exact]


def test_filters_over_labels_and_metadata(collection, vectors):
    found = collection.search(vectors["text"][7], k=40, where="label = 'dog' and year < 2010")
    assert {hit.id for hit in found} == {"p1", "p3", "p5", "p7", "p9"}
    found = collection.search(vectors["text"][7], k=40, where="城市 = '北京'")
    assert len(found) == 10


def test_unknown_filter_names_suggest(collection, vectors):
    with pytest.raises(UnknownName, match="did you mean 'year'"):
        collection.search(vectors["text"][0], where="yaer > 3")


def test_pages_follow_each_other(collection, vectors):
    query = vectors["text"][0]
    whole = [hit.id for hit in collection.search(query, k=10)]
    second = collection.search(query, k=5, offset=5)
    assert [hit.id for hit in second] == whole[5:]
    assert second[0].rank == 6


def test_minimum_score_cuts(collection, vectors):
    found = collection.search(vectors["text"][0], k=40, min_score=0.5)
    assert 0 < len(found) < 40
    assert all(hit.score >= 0.5 for hit in found)


def test_negative_and_weighted_parts(collection, vectors):
    wanted, unwanted = vectors["image"][1], vectors["image"][2]
    query = Query(parts=(Part(vector=wanted + unwanted), Part(vector=unwanted, weight=-1.0)))
    found = [hit.id for hit in collection.search(query, k=40)]
    assert found.index("p1") < found.index("p2")


def test_hybrid_finds_words_that_the_vector_misses(collection, vectors):
    words_only = Query(parts=(Part(vector=vectors["text"][3]),))
    assert collection.search(words_only, kind="text", k=1, hybrid=True)[0].id == "t3"
    from tuwen.search import find_words

    view = collection.store.view
    keys = find_words(collection, view, "texts", "黑色", 100)
    assert len(keys) == 40
    keys = find_words(collection, collection.store.view, "images", "number 31", 100)
    assert collection.store.view.take("images", keys[:1], ["id"])["id"].to_pylist() == ["p31"]


def test_group_gives_one_hit_an_entity(tmp_path, vectors):
    made = Collection.create(tmp_path / "c", encoder=None, width=WIDTH)
    made.add_vectors("image", list("abcd"), vectors["image"][:4], entity=["x", "x", "y", "y"])
    found = made.search(vectors["image"][0], k=4, group=True)
    assert len(found) == 2
    assert {hit.entity for hit in found} == {"x", "y"}


def test_diversity_spreads_hits(tmp_path, vectors):
    made = Collection.create(tmp_path / "c", encoder=None, width=WIDTH)
    base, other = vectors["image"][0], vectors["image"][1]
    near = [base, base + 0.001, base + 0.002, base + 0.9 * other]
    made.add_vectors("image", list("abcd"), np.stack(near))
    plain = [hit.id for hit in made.search(base, k=2)]
    spread = [hit.id for hit in made.search(base, k=2, diversity=0.9)]
    assert "d" not in plain
    assert "d" in spread


def test_similar_checks_what_to_look_for(collection):
    with pytest.raises(UnknownName, match="no kind named 'video'"):
        collection.similar("image", "p5", to="video")


def test_a_match_of_more_than_there_is_gives_all(collection, vectors):
    forward, mirror = collection.match(vectors["text"][:3], k=10**12, both=True)
    assert forward.scores.shape == (3, 40)
    assert mirror is not None and mirror.scores.shape == (40, 3)
    with pytest.raises(InputError, match="a whole number"):
        collection.match(vectors["text"], k=2.5)


def test_similar_leaves_the_item_itself_out(collection):
    found = collection.similar("image", "p5", k=3)
    assert "p5" not in {hit.id for hit in found}
    assert len(found) == 3
    assert collection.similar("image", "p5", to="text", k=1)[0].id == "t5"


def test_update_merges_metadata_and_keeps_the_vector(collection, vectors):
    collection.update("image", "p5", label="wolf", metadata={"year": None, "seen": True})
    item = collection.get("image", "p5")
    assert (item.label, item.metadata) == ("wolf", {"城市": "北京", "seen": True})
    assert collection.search(vectors["image"][5], k=1)[0].id == "p5"
    assert collection.count("image") == 40
    assert collection.verify() == []


def test_deleted_items_are_not_found(collection, vectors):
    assert collection.search(vectors["image"][5], k=1)[0].id == "p5"
    assert collection.delete("image", ["p5", "none"]) == 1
    assert collection.search(vectors["image"][5], k=1)[0].id != "p5"
    with pytest.raises(UnknownName, match="no image named 'p5'"):
        collection.get("image", "p5")


def test_added_items_are_found_without_a_rebuild(collection, vectors):
    collection.search(vectors["image"][0])
    new = -vectors["image"][0]
    collection.add_vectors("image", ["new"], new[None])
    assert collection.search(new, k=1)[0].id == "new"


def test_an_id_twice_is_refused_and_nothing_is_stored(collection, vectors):
    with pytest.raises(InputError, match="'z' stands twice"):
        collection.add_vectors("image", ["z", "z"], vectors["image"][:2])
    with pytest.raises(InputError, match="already"):
        collection.add_vectors("image", ["z", "p1"], vectors["image"][:2])
    assert collection.count("image") == 40
    collection.add_vectors("image", ["p1"], vectors["image"][:1], overwrite=True)
    assert collection.count("image") == 40


@pytest.mark.parametrize(
    ("ids", "shape", "message"),
    [(["a"], (1, 9), "9 columns; 16"), (["a"], (2, 16), "must align"), ([""], (1, 16), "empty")],
)
def test_wrong_vectors_are_named(collection, ids, shape, message):
    with pytest.raises(InputError, match=message):
        collection.add_vectors("image", ids, np.ones(shape))


def test_nan_vectors_are_refused(collection):
    bad = np.full((1, WIDTH), np.nan)
    with pytest.raises(InputError, match="NaN"):
        collection.add_vectors("image", ["bad"], bad)


def test_vectors_of_zeros_are_refused_and_leave_a_collection_that_answers(collection, vectors):
    with pytest.raises(InputError, match="the vector of 'z' is all zeros"):
        collection.add_vectors("image", ["y", "z"], np.stack([vectors["image"][0], np.zeros(WIDTH)]))
    assert collection.count("image") == 40
    assert collection.search(vectors["image"][3], k=1)[0].id == "p3"


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_vectors_of_any_length_are_scaled(collection, vectors, size):
    collection.add_vectors("image", ["new"], -vectors["image"][:1] * size)
    assert collection.search(-vectors["image"][0] * size, k=1)[0].score == pytest.approx(1, abs=1e-3)
    assert collection.verify() == []


def test_a_wrong_vector_anywhere_stores_nothing(collection, monkeypatch):
    monkeypatch.setattr("tuwen.editing.BLOCK", 4)
    bad = np.ones((10, WIDTH))
    bad[9] = np.nan
    with pytest.raises(InputError, match="NaN"):
        collection.add_vectors("image", [f"n{i}" for i in range(10)], bad)
    assert collection.count("image") == 40
    with pytest.raises(InputError, match="label has 11 values"):
        collection.add_vectors("image", [f"n{i}" for i in range(8)], bad[:8], label=["x"] * 11)


@pytest.mark.parametrize(
    "identifier", ["a\nb", "nul\0x", "😀", "x" * 10_000, "a'b", "a\\'b", "%_", " lead", "é", "e\u0301", "--"]
)
def test_ids_are_any_text(collection, vectors, identifier):
    collection.add_vectors("image", [identifier], -vectors["image"][:1])
    assert collection.get("image", identifier).id == identifier
    assert collection.search(-vectors["image"][0], k=1)[0].id == identifier
    collection.update("image", identifier, label="x")
    assert collection.get("image", identifier).label == "x"
    assert collection.delete("image", [identifier]) == 1
    assert collection.count("image") == 40


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"label": [1]}, "label has a value that does not fit"),
        ({"metadata": [[1]]}, "metadata is list"),
        ({"metadata": [{"a": "\ud800"}]}, "metadata has a value that does not fit"),
        ({"metadata": [{(1, 2): 3}]}, "metadata has a value that does not fit"),
    ],
)
def test_values_that_do_not_fit_their_column(collection, vectors, columns, message):
    with pytest.raises(InputError, match=message):
        collection.add_vectors("image", ["new"], vectors["image"][:1], **columns)
    with pytest.raises(InputError, match="id has a value"):
        collection.add_vectors("image", ["\ud800"], vectors["image"][:1])
    assert collection.count("image") == 40


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (None, {}),
        ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}),
        ({1: 2, "x": float("nan")}, {"1": 2, "x": None}),
        ({"n": np.int64(5), "f": np.float32(0.5), "l": np.arange(2)}, {"n": 5, "f": 0.5, "l": [0, 1]}),
        ({"id": "x", "label": "y", "_rowid": 3}, {"id": "x", "label": "y", "_rowid": 3}),
        ({'a"b': 1, "a.b": 2, "$": 3, "": 4}, {'a"b': 1, "a.b": 2, "$": 3, "": 4}),
    ],
)
def test_metadata_is_any_json(collection, vectors, given, kept):
    collection.add_vectors("image", ["new"], vectors["image"][:1], metadata=[given])
    assert collection.get("image", "new").metadata == kept
    collection.update("image", "new", metadata={"more": 1})
    assert collection.get("image", "new").metadata == {
        key: value for key, value in kept.items() if value is not None
    } | {"more": 1}
    for key in filter(None, kept):
        collection.search(vectors["image"][0], where=f"`{key}` is null")


def test_an_item_without_an_entity_is_its_own(collection, vectors):
    collection.add_vectors("image", ["new"], vectors["image"][:1], entity=[None])
    assert collection.get("image", "new").entity == "new"
    assert collection.verify() == []


def test_one_string_is_not_a_list_of_ids(collection, vectors):
    for call in (collection.delete, collection.vectors):
        with pytest.raises(InputError, match="give a list of ids"):
            call("image", "p5")
    with pytest.raises(InputError, match="give a list of ids"):
        collection.add_vectors("image", "ab", vectors["image"][:2])


def test_an_unknown_id_among_many_is_said_at_once(collection, monkeypatch):
    monkeypatch.setattr("tuwen.holdings.SUGGEST", 39)
    with pytest.raises(UnknownName, match=r"no image named 'p40'$"):
        collection.get("image", "p40")


def test_update_keeps_the_time_an_item_was_added(collection):
    def added():
        found = collection.store.view.by_ids("images", ["p5"], ["added"])
        return found["added"].to_pylist()

    before = added()
    collection.update("image", "p5", metadata=None, label="x")
    assert added() == before
    with pytest.raises(InputError, match="metadata is str"):
        collection.update("image", "p5", metadata="x")


def test_unknown_columns_suggest(collection, vectors):
    with pytest.raises(UnknownName, match="did you mean 'label'"):
        collection.add_vectors("image", ["a"], vectors["image"][:1], lable=["x"])


def test_a_query_of_another_width_is_refused(collection):
    with pytest.raises(InputError, match="the query vector has 3 values"):
        collection.search(np.ones(3))


def test_without_an_encoder_words_are_refused(collection):
    with pytest.raises(CollectionError, match="has no encoder"):
        collection.search("海滩")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, "at least 1"),
        ({"offset": -1}, "negative"),
        ({"diversity": 2}, "between 0"),
        ({"min_score": 7}, "cosines"),
    ],
)
def test_options_out_of_range(collection, vectors, options, message):
    with pytest.raises(InputError, match=message):
        collection.search(vectors["image"][0], **options)


def test_an_empty_collection_answers_with_nothing(tmp_path, vectors):
    made = Collection.create(tmp_path / "c", encoder=None, width=WIDTH)
    assert len(made.search(vectors["image"][0])) == 0
    assert len(made.search(vectors["image"][0], kind="text", hybrid=True, group=True, diversity=0.5)) == 0
    assert made.verify() == []
    matched, mirror = made.match(vectors["text"], k=3, both=True)
    assert all(items == [] for items in matched.item_ids)
    assert mirror is not None and mirror.query_ids == []


def test_match_both_ways_equals_searching_one_by_one(collection, vectors):
    forward, mirror = collection.match(
        vectors["text"], query_ids=[f"q{i}" for i in range(40)], k=5, both=True
    )
    for i, query in enumerate(vectors["text"]):
        assert forward.item_ids[i] == [hit.id for hit in collection.search(query, k=5, exact=True)]
    assert mirror is not None
    assert mirror.item_ids[mirror.query_ids.index("p9")][0] == "q9"
    assert next(iter(forward.rows()))[:3] == ("q0", 1, "p0")


def test_match_probabilities_are_a_softmax_over_all(collection, vectors):
    forward, _ = collection.match(vectors["text"][:3], k=40, probability=True, temperature=0.1)
    assert forward.probabilities is not None
    np.testing.assert_allclose(forward.probabilities.sum(axis=1), 1, rtol=1e-4)


def test_approximate_match_agrees_on_a_small_collection(collection, vectors):
    exact, _ = collection.match(vectors["text"], k=3)
    near, _ = collection.match(vectors["text"], k=3, approximate=True)
    assert near.item_ids == exact.item_ids


def test_codes_are_learned_and_reordered_by_vectors(tmp_path, vectors):
    made = Collection.create(tmp_path / "c", encoder=None, width=WIDTH, codes=16)
    with pytest.raises(CollectionError, match="no hash codes"):
        made.search(vectors["text"][0], codes=True)
    for kind in ("image", "text"):
        made.add_vectors(kind, [f"{kind}{i}" for i in range(40)], vectors[kind])
    made.finish()
    assert made.stats()["codes"] == 16
    found = made.search(vectors["text"][4], k=5, codes=True)
    assert [hit.id for hit in found] == [hit.id for hit in made.search(vectors["text"][4], k=5)]
    made.add_vectors("image", ["late"], -vectors["image"][:1])
    assert made.search(-vectors["image"][0], codes=True, k=1)[0].id == "late"
    assert made.verify() == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"codes": 12}, "multiple of 8"),
        ({"codes": "64"}, "multiple of 8"),
        ({"dtype": "int8"}, "float16"),
        ({"width": 0}, "how wide"),
        ({"width": 8.5}, "how wide"),
    ],
)
def test_create_checks_its_arguments(tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        Collection.create(tmp_path / "c", **{"encoder": None, "width": 8, **options})
    assert not (tmp_path / "c").exists()


def test_an_export_comes_back_whole(collection, tmp_path, vectors):
    files = collection.export(tmp_path / "out")
    assert {file.name for file in files} == {"images.parquet", "texts.parquet", "collection.json"}
    again = Collection.create(tmp_path / "again", encoder=None, width=WIDTH)
    assert again.import_from(tmp_path / "out") == 80
    assert again.get("image", "p3") == collection.get("image", "p3")
    np.testing.assert_array_equal(again.vectors("text", ["t1"]), collection.vectors("text", ["t1"]))
    with pytest.raises(InputError, match="not an empty folder"):
        collection.export(tmp_path / "out")
    with pytest.raises(CollectionError, match="not an export"):
        again.import_from(tmp_path)


def test_verify_finds_a_row_that_does_not_match(collection):
    schema = collection.store.view.dataset("texts").schema
    rows = collection.store.view.by_ids("texts", ["t1"], schema.names).drop_columns(["_rowid"])
    spoiled = rows.set_column(schema.names.index("text"), "text", [["something else"]])
    with collection.store.transaction() as transaction:
        transaction.replace("texts", spoiled)
    assert any("1 rows do not match their checksum: 't1'" in fault for fault in collection.verify())


def test_a_snapshot_answers_as_before(collection, vectors):
    collection.snapshot("first")
    collection.delete("image", ["p5"])
    collection.search(vectors["image"][5])
    collection.roll_back("first")
    assert collection.search(vectors["image"][5], k=1)[0].id == "p5"
    assert collection.stats()["snapshots"] == ["first"]


def test_compaction_keeps_answers(collection, vectors):
    before = [hit.id for hit in collection.search(vectors["text"][3])]
    collection.delete("text", ["t0"])
    collection.compact()
    assert [hit.id for hit in collection.search(vectors["text"][3])] == before
    assert collection.verify() == []


def test_another_encoder_is_refused(tiny_collection, tiny_encoder):
    class Other(type(tiny_encoder)):
        pass

    other = Other()
    other.fingerprint = "another"
    with pytest.raises(CollectionError, match="do not compare"):
        Collection.open(tiny_collection.path, encoder=other)
    other.width = 3
    with pytest.raises(CollectionError, match="width"):
        Collection.open(tiny_collection.path, encoder=other)


def test_results_are_plain_values_for_machines(collection, vectors):
    found = collection.search(vectors["text"][7], k=1)
    (row,) = found.to_dicts()
    assert list(row)[:4] == ["id", "rank", "score", "kind"]
    assert row["path"] == "/pictures/7.jpg"
    assert replace(found[0], rank=9).rank == 9


def test_items_whose_files_vanished_stay_silent_until_asked(collection, vectors):
    schema = collection.store.view.dataset("images").schema
    rows = collection.store.view.by_ids("images", ["p5"], schema.names).drop_columns(["_rowid"])
    gone = rows.set_column(schema.names.index("missing"), "missing", [[True]])
    with collection.store.transaction() as transaction:
        transaction.replace("images", gone)
    assert collection.search(vectors["image"][5], k=1)[0].id != "p5"
    assert collection.search(vectors["image"][5], k=1, where="missing = true")[0].id == "p5"
    for approximate in (False, True):
        matched, _ = collection.match(vectors["image"][:8], k=40, approximate=approximate)
        assert all(len(row) == 39 and "p5" not in row for row in matched.item_ids)
