"""The whole application: headers, faults, its own description, the plain index."""

import logging

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from serving import API, COLLECTION, asked, problem
from tuwen.collection import Collection
from tuwen.errors import Damaged, InputError, Locked
from tuwen.serve import page_files, state
from tuwen.serve.application import application
from tuwen.serve.settings import Settings


def test_every_answer_carries_the_headers_that_keep_browsers_safe(client):
    for path in (f"{API}/collections", "/", f"{API}/nothing", f"{COLLECTION}/pictures/red-0"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'") and "unsafe" not in policy
        assert len(headers["x-request-id"]) == 16


def test_each_request_has_an_id_of_its_own_and_none_of_the_client(client):
    ids = {client.get("/", headers={"X-Request-Id": "mine"}).headers["x-request-id"] for _ in range(5)}
    assert len(ids) == 5 and "mine" not in ids


def test_a_fault_says_nothing_of_the_inside(client, tiny_collection, monkeypatch, caplog):
    def broken(*_, **__):
        raise RuntimeError(f"secret of {tiny_collection.path}")

    monkeypatch.setattr(type(tiny_collection), "search", broken)
    with caplog.at_level(logging.ERROR, "tuwen.serve"):
        answer = client.get(f"{COLLECTION}/search", params={"q": "red"})
    body = problem(answer, 500, "fault")
    assert "secret" not in answer.text and "RuntimeError" not in answer.text
    assert body["request_id"] in caplog.text and "RuntimeError" in caplog.text


def test_faults_of_the_store_have_statuses_of_their_own(client, tiny_collection, monkeypatch):
    for error, status, code in (
        (Locked("x"), 503, "busy"),
        (Damaged(str(tiny_collection.path)), 500, "damaged"),
        (MemoryError(), 503, "busy"),
        (OSError(28, "No space left on device", str(tiny_collection.path)), 507, "cannot-write"),
    ):

        def broken(*_, error=error, **__):
            raise error

        monkeypatch.setattr(type(tiny_collection), "search", broken)
        answer = client.get(f"{COLLECTION}/search", params={"q": "red"})
        problem(answer, status, code)
        assert str(tiny_collection.path) not in answer.text


def test_what_is_not_there_is_a_problem_too(client):
    problem(client.get(f"{API}/nothing"), 404, "http-404")
    problem(client.put(f"{API}/collections"), 405, "http-405")
    problem(client.post(f"{COLLECTION}/search", content=b"{"), 422, "invalid")
    deep = b'{"query":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert client.post(f"{COLLECTION}/search", content=deep).status_code in (400, 422)


def test_wrong_fields_are_named_without_what_was_sent(client):
    answer = client.post(f"{COLLECTION}/search", json={"query": 5, "k": "secret"})
    fields = problem(answer, 422, "invalid")["fields"]
    assert {field["field"] for field in fields} == {"body.query", "body.k"}
    assert "secret" not in answer.text


def test_no_address_shows_scripts_from_elsewhere(client):
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert client.get(path).status_code == 404


def test_without_a_page_the_index_says_where_the_api_is(tmp_path):
    app = FastAPI()
    app.include_router(page_files.router(tmp_path / "nothing"))
    answer = TestClient(app).get("/")
    assert answer.status_code == 404 and "/api/v1" in answer.json()["detail"]


def test_the_page_is_its_files_and_nothing_else(tmp_path):
    (tmp_path / "page" / "words").mkdir(parents=True)
    (tmp_path / "page" / "index.html").write_text("<!doctype html>")
    (tmp_path / "page" / "words" / "zh.json").write_text("{}")
    (tmp_path / "page" / "notes.py").write_text("secret")
    app = FastAPI()
    app.include_router(page_files.router(tmp_path / "page"))
    client = TestClient(app)
    first = client.get("/")
    assert first.text == "<!doctype html>" and first.headers["content-type"].startswith("text/html")
    assert client.get("/", headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    assert client.get("/page/words/zh.json").headers["content-type"] == "application/json"
    assert client.get("/page/notes.py").status_code == 404


def test_health_and_collections_are_told(client):
    assert client.get(f"{API}/health/live").json() == {"status": "live"}
    assert client.get(f"{API}/health/ready").json() == {"status": "ready"}
    (told,) = client.get(f"{API}/collections").json()["collections"]
    assert told == client.get(COLLECTION).json()
    assert (told["images"], told["texts"], told["encoder"]) == (16, 16, "tiny")
    assert told["metadata"] == ["colour", "language", "number"]


def test_what_a_collection_is_made_of_is_told_and_remembered(client, tiny_collection, monkeypatch):
    told = client.get(f"{COLLECTION}/overview").json()
    assert told["counts"] == {"image": 16, "text": 16} and told["labels"]["image"]["red"] == 2
    drawn = client.get(f"{COLLECTION}/plane", params={"limit": 4}).json()
    assert len(drawn["places"]) == 4 and 0 < drawn["explained"] <= 1
    assert max(abs(place["x"]) for place in drawn["places"]) == 1
    with monkeypatch.context() as patched:
        patched.setattr(state, "overview", None)
        assert client.get(f"{COLLECTION}/overview").json() == told
    client.delete(f"{COLLECTION}/items/image/red-0")
    assert client.get(f"{COLLECTION}/overview").json()["counts"]["image"] == 15


def test_a_server_that_stops_is_not_ready(tiny_collection, tmp_path):
    with asked(tiny_collection, tmp_path) as client:
        service = client.app._app._app._app.state.service
        service.stopping = True
        assert client.get(f"{API}/health/ready").status_code == 503
        service.stopping = False


def test_two_collections_are_asked_by_their_names(tiny_collection, tiny_encoder, tmp_path):
    other = Collection.create(tmp_path / "other", encoder=tiny_encoder)
    both = {"one": tiny_collection, "two": other}
    with TestClient(application(both, Settings(cache=tmp_path)), base_url="http://localhost") as client:
        totals = [client.get(f"{API}/collections/{name}/search?q=red").json()["total"] for name in both]
    assert totals == [16, 0]


def test_a_collection_is_served_once(tiny_collection):
    with pytest.raises(InputError, match="named twice"):
        application({"one": tiny_collection, "two": tiny_collection}, Settings())


def test_thousands_of_unknown_fields_are_one_error(client):
    """Each error takes its time to be made, and others would wait for it."""
    for body in ({f"a{n}": 0 for n in range(50_000)}, {"parts": [{f"a{n}": 0 for n in range(9)}] * 9}):
        fields = problem(client.post(f"{COLLECTION}/search", json=body), 422, "invalid")["fields"]
        assert len(fields) == len(body.get("parts", [0]))
        assert "are known here" in fields[0]["reason"]
