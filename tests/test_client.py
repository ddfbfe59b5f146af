"""The Python client against a server in this process."""

import numpy as np
import pytest
from PIL import Image

import tuwen
from serving import asked, picture
from tiny_reranker import Backwards
from tuwen import client as clients
from tuwen import client_answers
from tuwen.errors import InputError, ServiceError, UnknownName
from tuwen.heat import heat
from tuwen.serve.tokens import Tokens


@pytest.fixture
def client(tiny_collection, tmp_path):
    """A client whose requests go to a server over the tiny collection."""
    with asked(tiny_collection, tmp_path) as http:
        made = tuwen.Client("http://localhost:8000")
        made._http = http
        yield made


def test_the_only_collection_needs_no_name(client):
    assert client.collection == "tiny"
    (holding,) = client.collections()
    assert (holding.images, holding.texts, holding.metadata) == (16, 16, ("colour", "language", "number"))
    assert client.ready()


def test_words_pictures_and_parts_are_asked_with(client, tmp_path):
    assert {hit.id for hit in client.search("红", k=2)} == {"red-0", "red-1"}
    blue = picture((30, 60, 220))
    (tmp_path / "blue.png").write_bytes(blue)
    for query in (blue, tmp_path / "blue.png", [{"image": blue}, {"text": "red", "weight": -0.3}]):
        assert client.search(query, k=1)[0].label == "blue"
    results = client.search([{"item": {"kind": "image", "id": "red-0"}}], kind="text", k=2, min_score=0.1)
    assert results.kind == "text" and results[0].text.startswith(("a red", "一张红"))


def test_a_heat_map_is_one_that_can_be_drawn(client, tiny_collection):
    here = heat(tiny_collection, "red-0", "red -black")
    for query in ("red -black", [{"text": "red"}, {"text": "black", "weight": -1}]):
        there = client.heat("red-0", query)
        assert (there.how, there.most()) == ("occlusion", here.most())
        assert np.allclose(there.values, np.maximum(here.values, 0), atol=1e-3)
        assert there.score == pytest.approx(here.score, abs=1e-3)
    assert client.heat("red-0", picture((220, 30, 30))).over(Image.new("RGB", (9, 6))).size == (9, 6)
    with pytest.raises(UnknownName):
        client.heat("nobody", "red")
    with pytest.raises(InputError, match="no patches"):
        client.heat("red-0", "red", how="patches")


def test_wrong_questions_raise_what_a_collection_raises(client):
    with pytest.raises(InputError, match=r"=") as raised:
        client.search("red", where="colour =")
    assert not isinstance(raised.value, UnknownName)
    with pytest.raises(InputError, match=r"body\.k"):
        client.search("red", k=0)
    with pytest.raises(UnknownName):
        client.get("image", "nobody")
    with pytest.raises(UnknownName):
        client.picture("nobody")


def test_many_texts_are_matched_in_blocks(client):
    answers = list(client.match({"a": "red", "b": "blue", "c": " "}, k=1, block=2))
    assert [answer.query for answer in answers] == ["a", "b", "c"]
    assert answers[0].items[0][0].startswith("red") and answers[0].error is None
    assert [answer.query for answer in client.match(["red", "blue"], k=1)] == ["0", "1"]


def test_a_second_stage_is_named_by_its_server(tiny_collection, tmp_path, monkeypatch):
    monkeypatch.setattr("tuwen.rerank.hits.load", lambda spec, known: Backwards())
    with asked(tiny_collection, tmp_path, rerankers={"head": tmp_path / "head"}) as http:
        mine = tuwen.Client("http://localhost:8000", "tiny")
        mine._http = http
        (answer,) = mine.match(["red"], k=3, rerank="head", depth=6)
        same = tiny_collection.search("red", k=3, rerank="head", depth=6)
        assert [name for name, _ in answer.items] == [hit.id for hit in same]
        with pytest.raises(InputError, match="no second stage"):
            list(mine.match(["red"], rerank="other"))


def test_pictures_are_matched_in_parcels_between_texts(client, tmp_path, monkeypatch):
    monkeypatch.setattr("tuwen.client_answers.PARCEL_FILES", 2)
    blue, green = picture((30, 60, 220)), picture((40, 160, 60))
    (tmp_path / "blue.png").write_bytes(blue)
    asked = {"t": "red", "b": tmp_path / "blue.png", "x": b"no picture", "g": green, "u": "blue"}
    answers = list(client.match(asked, kind="image", k=1))
    assert [answer.query for answer in answers] == list(asked)
    firsts = [answer.items[0][0].split("-")[0] if answer.items else None for answer in answers]
    assert firsts == ["red", "blue", None, "green", "blue"]
    assert "not a picture" in answers[2].error


def test_parcels_stay_below_what_a_server_takes(monkeypatch):
    monkeypatch.setattr(client_answers, "PARCEL_BYTES", 5)
    made = list(client_answers.parcels([("a", b"123"), ("b", b"45"), ("c", b"6789012"), ("d", "t")], 9, {}))
    assert [names for _, names in made] == [["a", "b"], ["c"], ["d"]]
    assert ["files" in sent for sent, _ in made] == [True, True, False]


def test_items_are_added_changed_and_removed(client):
    job = client.add(
        [{"texts": ["紫 words"], "images": [picture((9, 9, 9))], "label": "new"}, {"images": [b"x"]}]
    )
    assert job.state == "done" and [line.code for line in job.refused] == ["not-a-picture"]
    (_, image), (_, text) = job.items
    assert client.picture(image) == picture((9, 9, 9))
    assert client.thumbnail(image)[:2] == b"\xff\xd8"
    assert client.update("text", text, metadata={"year": 2024}).metadata == {"year": 2024}
    assert [item.id for item in client.items("text", "year = 2024")] == [text]
    assert client.delete("image", [image, "nobody"]) == 1
    assert client.job(job.id).items == job.items
    with pytest.raises(InputError, match="list of ids"):
        client.delete("image", "red-0")


def test_pages_are_followed_to_the_end(client):
    assert len({item.id for item in client.items("image")}) == 16
    client.add([{"images": [b"x"]}])
    assert [line.code for line in client.ledger()] == ["not-a-picture"]
    assert client.duplicates("text") == []
    assert [hit.id for hit in client.similar("image", "red-0", k=1)] == ["red-1"]


def test_a_busy_server_is_asked_again(tiny_collection, tmp_path, monkeypatch):
    waits = []
    monkeypatch.setattr(clients.time, "sleep", waits.append)
    with asked(tiny_collection, tmp_path, rate=1, burst=1) as http:
        made = tuwen.Client("http://localhost:8000", "tiny")
        made._http = http
        made.search("red")
        with pytest.raises(ServiceError, match="too many") as raised:
            made.search("red")
    assert raised.value.status == 429 and waits == [1, 1, 1]


def test_a_token_is_sent(tiny_collection, tmp_path):
    path = tmp_path / "tokens.json"
    token = Tokens(path).add("alice", ["read"])
    with asked(tiny_collection, tmp_path, tokens=path, require_token=True) as http:
        made = tuwen.Client("http://localhost:8000", "tiny", token=token)
        http.headers.update(made._http.headers)
        made._http = http
        assert len(made.search("red", k=3)) == 3
        with pytest.raises(ServiceError, match="may not write") as raised:
            made.delete("image", ["red-0"])
        assert raised.value.status == 403 and raised.value.request_id


def test_no_server_is_said_in_one_sentence():
    with pytest.raises(ServiceError, match="does not answer"), tuwen.Client("http://127.0.0.1:9") as made:
        made.collections()


def test_what_is_no_server_of_ours_is_said(client, monkeypatch):
    import httpx2

    page = httpx2.MockTransport(lambda request: httpx2.Response(502, text="<html>"))
    client._http = httpx2.Client(transport=page, base_url="http://localhost")
    monkeypatch.setattr(clients.time, "sleep", lambda _: None)
    with pytest.raises(ServiceError, match="502 Bad Gateway, and not from tuwen"):
        client.collections()
