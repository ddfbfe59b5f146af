"""Who may ask, and under which name."""

import json
import logging

import pytest

from serving import API, COLLECTION, asked, problem
from tuwen.serve import guard
from tuwen.serve.guard import client_of, scope_of
from tuwen.serve.tokens import Tokens

READ, WRITE = "read", "write"


@pytest.fixture
def guarded(tiny_collection, tmp_path):
    """A server that needs tokens, and a token for reading and one for writing."""
    path = tmp_path / "tokens.json"
    tokens = Tokens(path)
    made = {READ: tokens.add("reader", [READ]), WRITE: tokens.add("writer", [WRITE])}
    with asked(tiny_collection, tmp_path, tokens=path, host="0.0.0.0") as client:
        yield client, made


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", f"{API}/collections", READ),
        ("POST", f"{COLLECTION}/search", READ),
        ("POST", f"{COLLECTION}/search/upload", READ),
        ("POST", f"{COLLECTION}/match", READ),
        ("POST", f"{COLLECTION}/illustrate", READ),
        ("POST", f"{COLLECTION}/export", READ),
        ("POST", f"{COLLECTION}/resolve/decisions", WRITE),
        ("POST", f"{COLLECTION}/items", WRITE),
        ("POST", f"{COLLECTION}/items/search", WRITE),
        ("POST", f"{COLLECTION}/search/../items", WRITE),
        ("DELETE", f"{COLLECTION}/search", WRITE),
        ("BREW", f"{COLLECTION}/search", WRITE),
        ("GET", f"{API}/metrics", READ),
        ("GET", "/api", READ),
        ("GET", f"{API}/health/ready", None),
        ("GET", "/", None),
    ],
)
def test_what_changes_something_needs_the_scope_for_it(method, path, scope):
    assert scope_of(method, path) == scope


def test_without_a_token_nothing_is_told(guarded):
    client, _ = guarded
    for path in (
        f"{API}/collections",
        COLLECTION,
        f"{COLLECTION}/pictures/red-0",
        f"{API}/metrics",
        f"{API}/x",
    ):
        answer = client.get(path)
        problem(answer, 401, "token")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert client.get(f"{API}/health/live").status_code == 200


def test_a_wrong_token_is_as_good_as_none(guarded):
    client, made = guarded
    for given in (made[READ][:-1], made[READ] + "x", "tw_000000000000_" + "A" * 43, "", "Bearer"):
        problem(client.get(f"{API}/collections", headers=bearer(given)), 401, "token")
    problem(client.get(f"{API}/collections", headers={"Authorization": f"Basic {made[READ]}"}), 401, "token")


def test_many_wrong_tokens_are_made_to_wait(guarded):
    client, _ = guarded
    wrong = bearer("tw_000000000000_" + "A" * 43)
    answers = [client.get(f"{API}/collections", headers=wrong) for _ in range(12)]
    assert [answer.status_code for answer in answers[:10]] == [401] * 10
    problem(answers[-1], 429, "rate")
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_a_token_for_reading_changes_nothing(guarded):
    client, made = guarded
    assert client.get(f"{COLLECTION}/items", headers=bearer(made[READ])).status_code == 200
    assert client.post(f"{COLLECTION}/search", json={"query": "red"}, headers=bearer(made[READ])).is_success
    sent = {"records": [{"texts": [{"text": "red"}]}]}
    problem(client.post(f"{COLLECTION}/items", json=sent, headers=bearer(made[READ])), 403, "scope")
    assert client.post(f"{COLLECTION}/items", json=sent, headers=bearer(made[WRITE])).is_success


def test_a_session_keeps_the_token_where_scripts_cannot_read_it(guarded):
    client, made = guarded
    problem(client.post(f"{API}/session", json={"token": "tw_wrong"}), 401, "token")
    assert client.get(f"{API}/session").json()["scopes"] == []
    answer = client.post(f"{API}/session", json={"token": made[WRITE]})
    assert answer.json()["scopes"] == [READ, WRITE]
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie
    assert client.get(f"{API}/collections").status_code == 200
    assert client.delete(f"{API}/session").status_code == 204
    problem(client.get(f"{API}/collections"), 401, "token")


def test_on_this_machine_a_wrong_token_is_still_wrong(client):
    problem(client.get(f"{API}/collections", headers=bearer("tw_wrong")), 401, "token")


@pytest.mark.parametrize("host", ["localhost", "localhost:9", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST"])
def test_names_of_this_machine_are_taken(reader, host):
    assert reader.get(f"{API}/collections", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "localhost:x", "[::1].x"]
)
def test_other_names_are_not_so_that_no_page_elsewhere_reaches_in(reader, host):
    problem(reader.get(f"{API}/collections", headers={"Host": host}), 421, "wrong-host")


def test_a_page_elsewhere_can_change_nothing(client):
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        problem(client.delete(f"{COLLECTION}/items/image/red-0", headers=headers), 403, "wrong-origin")
    own = {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-origin"}
    assert client.delete(f"{COLLECTION}/items/image/red-0", headers=own).status_code == 204


def test_other_origins_are_told_nothing_unless_they_are_named(client, tiny_collection, tmp_path):
    origin = {"Origin": "https://a.example"}
    assert "access-control-allow-origin" not in client.get(f"{API}/collections", headers=origin).headers
    with asked(tiny_collection, tmp_path, origins=("https://a.example",), read_only=True) as named:
        told = named.get(f"{API}/collections", headers=origin).headers
        assert told["access-control-allow-origin"] == "https://a.example"
        other = named.get(f"{API}/collections", headers={"Origin": "https://b.example"}).headers
        assert "access-control-allow-origin" not in other
        wish = origin | {"Access-Control-Request-Method": "POST"}
        assert named.options(f"{COLLECTION}/search", headers=wish).status_code == 200


def test_too_many_requests_are_told_when_to_come_again(tiny_collection, tmp_path):
    with asked(tiny_collection, tmp_path, rate=1, burst=2) as client:
        answers = [client.get(f"{API}/health/live") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].headers["retry-after"] == "1"


def test_a_header_that_counts_may_stand_once(client):
    twice = [("Host", "localhost"), ("Host", "evil.example")]
    problem(client.get(f"{API}/collections", headers=twice), 400, "header")


def test_the_log_has_no_words_unless_asked(tiny_collection, tmp_path, caplog):
    caplog.set_level(logging.INFO, "tuwen.serve.access")
    for wanted in (False, True):
        with asked(tiny_collection, tmp_path, log_queries=wanted) as client:
            caplog.clear()
            client.get(f"{COLLECTION}/search", params={"q": "secret\nwords"})
            client.post(f"{COLLECTION}/search", json={"query": "secret red"})
            lines = [record.getMessage() for record in caplog.records if record.name == "tuwen.serve.access"]
        assert len(lines) == 2 and all("\n" not in line for line in lines)
        parsed = [json.loads(line) for line in lines]
        assert [line["status"] for line in parsed] == [200, 200]
        assert ("secret" in "".join(lines)) is wanted


def test_a_page_elsewhere_cannot_measure_what_it_cannot_read(client):
    for site in ("cross-site", "same-site"):
        embedded = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"}
        for path in (f"{COLLECTION}/search?q=red", f"{COLLECTION}/thumbnails/red-0", f"{API}/session"):
            problem(client.get(path, headers=embedded), 403, "wrong-origin")
        link = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}
        assert client.get(f"{COLLECTION}/pictures/red-0", headers=link).status_code == 200
        assert client.get("/", headers=link).status_code == 200


def test_an_origin_that_is_named_may_ask(tiny_collection, tmp_path):
    named = {"Origin": "https://a.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
    with asked(tiny_collection, tmp_path, origins=("https://a.example",)) as client:
        assert client.get(f"{API}/collections", headers=named).status_code == 200
        other = named | {"Origin": "https://b.example"}
        problem(client.get(f"{API}/collections", headers=other), 403, "wrong-origin")


def test_a_cookie_of_another_program_does_not_hide_the_token(guarded):
    client, made = guarded
    for others in ('a[b]={"x": 1}; ', "=; ;;", 'q="; '):
        cookie = {"Cookie": f"{others}{guard.COOKIE}={made[READ]}"}
        assert client.get(f"{API}/collections", headers=cookie).status_code == 200, others


def test_right_tokens_are_not_counted_as_wrong_ones(tiny_collection, tmp_path, monkeypatch):
    monkeypatch.setattr(guard, "WRONG_AT_ONCE", 2)
    tokens = Tokens(tmp_path / "tokens.json")
    made = [tokens.add(f"user {number}", [READ]) for number in range(4)]
    with asked(tiny_collection, tmp_path, tokens=tokens.path, host="0.0.0.0") as client:
        assert all(client.get(f"{API}/collections", headers=bearer(each)).is_success for each in made)


def test_tokens_are_checked_one_by_one_and_not_without_end(guarded, monkeypatch):
    client, _ = guarded
    monkeypatch.setattr(guard, "CHECKS", 0)
    problem(client.get(f"{API}/collections", headers=bearer("tw_000000000000_" + "A" * 43)), 503, "busy")


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        (("192.0.2.1", 5), "192.0.2.1"),
        (("2001:db8:1:2:3:4:5:6", 5), "2001:db8:1:2::"),
        (("2001:db8:1:2:ffff::1", 5), "2001:db8:1:2::"),
        (("fe80::1%eth0", 5), "fe80::"),
        (("::ffff:192.0.2.1", 5), "192.0.2.1"),
        (("a:b", 5), "a:b"),
        (None, ""),
    ],
)
def test_one_household_is_one_client(address, counted):
    assert client_of({"client": address}) == counted
