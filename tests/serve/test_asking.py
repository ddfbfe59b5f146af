"""Questions over HTTP."""

import base64
import json

import pytest

from serving import COLLECTION, asked, picture, problem
from tiny import COLOURS
from tiny_reranker import Backwards
from tuwen.errors import InputError
from tuwen.serve import asking

RED, BLUE = COLOURS["red"][1], COLOURS["blue"][1]


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [hit["id"] for hit in answer.json()["hits"]]


def ask(client, **question):
    return client.post(f"{COLLECTION}/search", json=question)


def test_words_in_the_address_find_pictures(client):
    answer = client.get(f"{COLLECTION}/search", params={"q": "红", "k": 2})
    assert set(ids(answer)) == {"red-0", "red-1"}
    body = answer.json()
    assert body["total"] == 16 and body["next_offset"] == 2
    hit = body["hits"][0]
    assert hit["rank"] == 1 and -1 <= hit["score"] <= 1
    assert hit["thumbnail"] == f"{COLLECTION}/thumbnails/{hit['id']}"


def test_a_hit_names_its_file_and_not_where_it_lies(client):
    answer = client.get(f"{COLLECTION}/search", params={"q": "red", "k": 1})
    (hit,) = answer.json()["hits"]
    assert hit["name"] == f"{hit['id']}.png"
    assert "path" not in hit and "/pictures0/" not in answer.text


def test_pages_join_into_the_whole_order(client):
    whole = ids(ask(client, query="green", k=16))
    pages = [hit for at in (0, 4, 8, 12) for hit in ids(ask(client, query="green", k=4, offset=at))]
    assert pages == whole


def test_a_filter_keeps_what_it_says(client):
    assert set(ids(ask(client, query="red", where="colour = 'blue'", k=5))) == {"blue-0", "blue-1"}


def test_a_picture_in_base64_finds_its_like(client):
    image = "data:image/png;base64," + base64.b64encode(picture(BLUE)).decode()
    assert set(ids(ask(client, parts=[{"image": image}], k=2))) == {"blue-0", "blue-1"}


def test_a_picture_sent_as_a_file_finds_its_like(client):
    sent = client.post(
        f"{COLLECTION}/search/upload",
        files={"files": ("a.png", picture(BLUE), "image/png")},
        data={"search": json.dumps({"k": 2})},
    )
    assert set(ids(sent)) == {"blue-0", "blue-1"}


def test_files_have_the_weights_of_the_parts_that_name_them(client):
    files = [("files", ("a.png", picture(BLUE))), ("files", ("b.png", picture(RED)))]
    parts = [{"upload": 1}, {"upload": 0, "weight": -0.5}]
    sent = client.post(
        f"{COLLECTION}/search/upload", files=files, data={"search": json.dumps({"parts": parts, "k": 2})}
    )
    assert set(ids(sent)) == {"red-0", "red-1"}


def test_an_item_less_another_is_a_question(client):
    parts = [
        {"item": {"kind": "image", "id": "red-0"}},
        {"item": {"kind": "text", "id": "blue-0#en"}, "weight": 2},
        {"text": "red", "weight": -2},
    ]
    assert ids(ask(client, parts=parts, k=1))[0].startswith("blue")


@pytest.mark.parametrize("options", [{"hybrid": True}, {"group": True}, {"exact": True}, {"diversity": 0.5}])
def test_the_options_of_a_search_are_taken(reader, options):
    assert "red-0" in ids(ask(reader, query="red", k=4, **options))


def test_texts_are_found_too(client):
    assert set(ids(ask(client, query="红", kind="text", k=2))) == {"red-0#en", "red-0#zh"}


@pytest.mark.parametrize(
    ("question", "status", "code"),
    [
        ({}, 400, "bad-input"),
        ({"query": "   "}, 400, "bad-input"),
        ({"query": "red", "where": "colour ="}, 400, "bad-input"),
        ({"query": "red", "where": "nothing_of_the_kind = 1"}, 400, "bad-input"),
        ({"query": "red", "k": 0}, 422, "invalid"),
        ({"query": "red", "k": 10**9}, 422, "invalid"),
        ({"query": "red", "colour": 1}, 422, "invalid"),
        ({"query": "red", "codes": True}, 409, "not-possible"),
        ({"query": "red", "rerank": "/etc"}, 400, "bad-input"),
        ({"parts": [{"text": "red", "weight": 0}]}, 400, "bad-input"),
        ({"parts": [{"text": "red", "image": "AAAA"}]}, 400, "bad-input"),
        ({"parts": [{"upload": 0}]}, 400, "bad-input"),
        ({"parts": [{"image": "not base64!"}]}, 422, "not-base64"),
        ({"parts": [{"image": "QUJDRA=="}]}, 422, "not-a-picture"),
        ({"parts": [{"item": {"kind": "image", "id": "nobody"}}]}, 404, "no-item"),
        ({"query": "half \ud800"}, 422, "invalid"),
        ({"query": "a\0b"}, 422, "invalid"),
    ],
)
def test_a_wrong_question_is_a_problem_that_says_so(reader, question, status, code):
    content = json.dumps(question).encode()  # ASCII: half a character travels as \ud800
    answer = reader.post(
        f"{COLLECTION}/search", content=content, headers={"Content-Type": "application/json"}
    )
    problem(answer, status, code)


def test_messages_do_not_say_where_a_collection_lies(client, tiny_collection):
    body = problem(ask(client, query="red", codes=True), 409, "not-possible")
    assert str(tiny_collection.path) not in body["detail"] and "tiny" in body["detail"]


def test_another_collection_is_not_there(client):
    problem(client.get("/api/v1/collections/large/search", params={"q": "red"}), 404, "no-collection")


def test_similar_items_are_of_either_kind(client):
    assert ids(client.get(f"{COLLECTION}/similar/image/red-0", params={"k": 1})) == ["red-1"]
    both = ids(client.get(f"{COLLECTION}/similar/image/red-0", params={"k": 2, "to": "text"}))
    assert set(both) == {"red-0#en", "red-0#zh"}
    problem(client.get(f"{COLLECTION}/similar/image/nobody"), 404, "no-item")


def test_duplicates_come_in_groups(tiny_collection, tmp_path, tiny_encoder):
    words = ["a red boat", "A red boat!"]
    tiny_collection.add_vectors("text", ["one", "two"], tiny_encoder.encode(words, "text"), text=words)
    with asked(tiny_collection, tmp_path) as client:
        body = client.get(f"{COLLECTION}/duplicates", params={"kind": "text"}).json()
    assert body["total"] == 1
    assert [member["id"] for member in body["groups"][0]["members"]] == ["one", "two"]


def test_a_second_stage_is_one_that_the_server_names(tiny_collection, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr("tuwen.rerank.hits.load", lambda spec, known: opened.append(spec) or Backwards())
    plain = [hit.id for hit in tiny_collection.search("red", k=16)]
    with asked(tiny_collection, tmp_path, rerankers={"head": tmp_path / "head"}) as client:
        assert opened == [tmp_path / "head"]  # before anybody asks
        assert client.get(COLLECTION).json()["rerankers"] == ["head"]
        body = ask(client, query="red", k=16, rerank="head", depth=8, rerank_weight=5).json()
    found = body["hits"]
    assert body["rerank_ms"] > 0
    assert [hit["id"] for hit in found][8:] == plain[8:]
    assert [hit["id"] for hit in found][:8] != plain[:8]
    assert [hit["rerank_score"] is None for hit in found] == [False] * 8 + [True] * 8
    assert len(opened) == 1


def test_a_second_stage_that_is_not_there_stops_the_start(tiny_collection, tmp_path):
    with (
        pytest.raises(InputError, match="there is no folder"),
        asked(tiny_collection, tmp_path, rerankers={"head": tmp_path / "head"}),
    ):
        pass


def test_a_page_that_cannot_be_asked_for_is_not_named(client, monkeypatch):
    monkeypatch.setattr(asking, "MAX_OFFSET", 4)
    address, offsets = f"{COLLECTION}/search", []
    for offset in (0, 2, 3):
        found = client.get(address, params={"q": "red", "k": 2, "offset": offset}).json()
        offsets.append(found["next_offset"])
    assert offsets == [2, 4, None]
