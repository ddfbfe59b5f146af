"""Items over HTTP: looked at, added while others search, changed, removed."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from serving import COLLECTION, asked, picture, problem

ORANGE = (250, 140, 20)


def added(answer, status=200):
    assert answer.status_code == status, answer.text
    return answer.json()


def add(client, *records, wait=10):
    return client.post(f"{COLLECTION}/items", params={"wait": wait}, json={"records": list(records)})


def found(client, words, **more):
    return [
        hit["id"] for hit in client.get(f"{COLLECTION}/search", params={"q": words, **more}).json()["hits"]
    ]


def test_an_item_has_what_is_known_of_it(client):
    item = client.get(f"{COLLECTION}/items/image/red-0").json()
    assert item["label"] == "red" and item["metadata"] == {"number": 0, "colour": "red"}
    text = client.get(f"{COLLECTION}/items/text/red-0%23en").json()
    assert text["text"] == "a red picture with a grey dot" and text["picture"] is None
    problem(client.get(f"{COLLECTION}/items/image/nobody"), 404, "no-item")


def test_items_come_in_pages(client):
    first = client.get(f"{COLLECTION}/items", params={"limit": 10}).json()
    second = client.get(f"{COLLECTION}/items", params={"limit": 10, "offset": first["next_offset"]}).json()
    assert second["next_offset"] is None
    assert len({item["id"] for item in first["items"] + second["items"]}) == first["total"] == 16


def test_a_text_is_added_and_found(client):
    job = added(
        add(client, {"texts": [{"id": "note", "text": "紫 purple words"}], "metadata": {"year": 2024}})
    )
    assert job["state"] == "done" and job["items"] == [{"kind": "text", "id": "note"}]
    assert "note" in found(client, "purple", kind="text", where="year = 2024")


def test_a_picture_is_added_found_and_shown(client):
    data = base64.b64encode(picture(ORANGE)).decode()
    job = added(add(client, {"images": [{"id": "orange", "data": data}], "texts": [{"text": "yellow"}]}))
    assert [item["kind"] for item in job["items"]] == ["image", "text"]
    assert client.get(f"{COLLECTION}/pictures/orange").content == picture(ORANGE)
    text = client.get(f"{COLLECTION}/items/text/{job['items'][1]['id']}").json()
    assert text["entity"] == "orange"


def test_an_empty_text_is_named_and_the_rest_is_taken(client):
    job = added(add(client, {"texts": [{"text": " "}]}, {"texts": [{"id": "note", "text": "red"}]}))
    assert [(line["item"], line["code"]) for line in job["refused"]] == [("record 0", "empty-row")]
    assert job["items"] == [{"kind": "text", "id": "note"}]
    assert client.get(f"{COLLECTION}/items/text/note").status_code == 200


def test_without_waiting_there_is_a_job_to_ask_for(client):
    answer = add(client, {"texts": [{"text": "green words"}]}, wait=0)
    job = added(answer, answer.status_code)
    assert answer.status_code in (200, 202)
    ended = client.get(answer.headers["location"], params={"wait": 10}).json()
    assert ended["state"] == "done" and ended["done"] == 1 and ended["id"] == job["id"]
    assert client.get(f"{COLLECTION}/jobs").json()["jobs"][0]["id"] == job["id"]
    problem(client.get(f"{COLLECTION}/jobs/none"), 404, "no-job")


def test_bad_pictures_are_refused_and_the_rest_is_taken(client):
    files = [
        ("files", ("good.png", picture(ORANGE))),
        ("files", ("cut.png", picture()[:40])),
        ("files", ("../../etc/evil.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")),
    ]
    data = {"label": "new", "metadata": json.dumps({"year": 2024})}
    job = added(client.post(f"{COLLECTION}/pictures", params={"wait": 10}, files=files, data=data))
    assert [line["item"] for line in job["refused"]] == ["cut.png", "evil.svg"]
    assert [line["code"] for line in job["refused"]] == ["truncated", "unsupported-format"]
    (item,) = client.get(f"{COLLECTION}/items", params={"where": "year = 2024"}).json()["items"]
    assert item["label"] == "new"
    ledger = client.get(f"{COLLECTION}/ledger").json()
    assert {line["item"].partition("-")[2] for line in ledger["lines"]} == {"cut.png", "evil.svg"}
    assert not any(line["item"].startswith("/") for line in ledger["lines"])


def test_a_picture_that_was_sent_keeps_the_name_of_its_file(client):
    files = [
        ("files", ("../海 滩.png", picture(ORANGE), "image/png")),
        ("files", ("b.png", picture((1, 2, 3)), "image/png")),
    ]
    job = added(client.post(f"{COLLECTION}/pictures", params={"wait": 10}, files=files, data={"text": "hi"}))
    names = [
        client.get(f"{COLLECTION}/items/{ref['kind']}/{ref['id']}").json()["name"] for ref in job["items"]
    ]
    assert names == ["海 滩.png", "", "b.png", ""]  # texts have no file
    data = [
        {"name": name, "data": base64.b64encode(picture(colour)).decode()}
        for name, colour in (("x.png", (7, 7, 7)), ("y.png", (9, 9, 99)))
    ]
    job = added(add(client, {"images": data}))
    names = [client.get(f"{COLLECTION}/items/image/{ref['id']}").json()["name"] for ref in job["items"]]
    assert names == ["x.png", "y.png"]
    groups = client.get(f"{COLLECTION}/duplicates", params={"distance": 11, "min_cosine": -1}).json()[
        "groups"
    ]
    assert "海 滩.png" in {member["name"] for group in groups for member in group["members"]}


def test_the_same_picture_again_is_the_one_that_is_there(client):
    data = base64.b64encode(picture(ORANGE)).decode()
    added(add(client, {"images": [{"id": "first", "data": data}]}))
    job = added(add(client, {"images": [{"id": "second", "data": data}]}))
    assert job["items"] == [{"kind": "image", "id": "first"}]
    assert client.get(COLLECTION).json()["images"] == 17


def test_another_picture_of_an_id_takes_its_place(client, tiny_collection):
    for colour in (ORANGE, (1, 2, 3)):
        data = base64.b64encode(picture(colour)).decode()
        added(add(client, {"images": [{"id": "one", "data": data}]}))
    assert client.get(f"{COLLECTION}/pictures/one").content == picture((1, 2, 3))
    assert len(list((tiny_collection.path / "uploads").glob("??/*.png"))) == 1


def test_an_id_of_an_indexed_item_is_not_taken_over(client):
    job = added(add(client, {"texts": [{"id": "red-0#en", "text": "something else"}]}))
    assert [line["code"] for line in job["refused"]] == ["duplicate-id"]
    assert client.get(f"{COLLECTION}/items/text/red-0%23en").json()["text"].startswith("a red picture")


def test_what_is_known_of_an_item_changes(client):
    changes = {"label": "rouge", "metadata": {"colour": None, "year": 1999}}
    item = client.patch(f"{COLLECTION}/items/image/red-0", json=changes).json()
    assert item["label"] == "rouge" and item["metadata"] == {"number": 0, "year": 1999}
    problem(client.patch(f"{COLLECTION}/items/image/nobody", json=changes), 404, "no-item")
    problem(client.patch(f"{COLLECTION}/items/image/red-0", json={"entity": None}), 422, "invalid")


def test_the_words_of_a_text_change_and_it_is_found_by_them(client):
    place = f"{COLLECTION}/items/text/red-0%23en"
    assert client.patch(place, json={"text": "cyan"}).json()["text"] == "cyan"
    assert "red-0#en" in found(client, "cyan", kind="text", k=3)
    problem(client.patch(place, json={"text": None}), 422, "invalid")
    problem(client.patch(place, json={"text": " "}), 400, "bad-input")
    problem(client.patch(f"{COLLECTION}/items/image/red-0", json={"text": "cyan"}), 400, "bad-input")


def test_a_removed_item_is_not_found_and_its_picture_is_gone(client, tiny_collection):
    data = base64.b64encode(picture(ORANGE)).decode()
    added(add(client, {"images": [{"id": "orange", "data": data}]}))
    (file,) = (tiny_collection.path / "uploads").glob("??/*.png")
    assert client.delete(f"{COLLECTION}/items/image/orange").status_code == 204
    assert not file.exists()
    problem(client.delete(f"{COLLECTION}/items/image/orange"), 404, "no-item")


def test_files_that_were_indexed_are_never_deleted(client, tiny_collection):
    file = Path(tiny_collection.get("image", "red-0").path)
    answer = client.post(f"{COLLECTION}/remove/image", json={"ids": ["red-0", "red-0", "nobody"]})
    assert answer.json() == {"removed": 1}
    assert file.is_file()


def test_what_the_encoder_does_not_encode_is_named(client, tiny_encoder, monkeypatch):
    monkeypatch.setattr(tiny_encoder, "modalities", frozenset({"image"}), raising=False)
    job = added(add(client, {"texts": [{"id": "note", "text": "red"}]}))
    assert [(line["item"], line["code"]) for line in job["refused"]] == [("note", "not-encoded")]
    assert job["items"] == []


@pytest.mark.parametrize(
    "metadata",
    [{"a": 2**70}, {"a": "\ud800"}, {"": 1}, {"a": [[[[[[[1]]]]]]]}, {"a": "x" * 20_000}, {"a": "\0"}],
)
def test_metadata_that_no_table_can_keep_is_refused(client, metadata):
    sent = json.dumps({"records": [{"texts": [{"text": "red"}], "metadata": metadata}]})
    answer = client.post(f"{COLLECTION}/items", content=sent, headers={"Content-Type": "application/json"})
    problem(answer, 422, "invalid")


def test_a_read_only_server_takes_no_changes(tiny_collection, tmp_path):
    with asked(tiny_collection, tmp_path, read_only=True) as client:
        problem(add(client, {"texts": [{"text": "red"}]}), 403, "read-only")
        problem(client.delete(f"{COLLECTION}/items/image/red-0"), 403, "read-only")
        assert len(found(client, "red", k=3)) == 3
        assert client.get("/api/v1/health/ready").status_code == 200


def test_every_page_can_be_asked_for_however_far_down(client, tiny_collection):
    count = 120_000  # more than a search may pass over
    vectors = np.tile(tiny_collection.vectors("text", ["red-0#en"]), (count, 1))
    tiny_collection.add_vectors("text", [f"t{n}" for n in range(count)], vectors, text=["red"] * count)
    asked = {"kind": "text", "offset": count + 10, "limit": 4}
    page = client.get(f"{COLLECTION}/items", params=asked).json()
    assert [item["id"] for item in page["items"]] == [f"t{n}" for n in range(count - 6, count - 2)]
    assert (page["total"], page["next_offset"]) == (count + 16, count + 14)
    where = {"where": f"id = 't{count - 1}'"}
    assert client.get(f"{COLLECTION}/items", params={"kind": "text"} | where).json()["total"] == 1
