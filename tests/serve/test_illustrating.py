"""Pictures for headlines over HTTP."""

from serving import COLLECTION, problem
from tuwen.serve import libraries


def ask(client, *texts, **more):
    headlines = [{"text": text} for text in texts]
    return client.post(f"{COLLECTION}/illustrate", json={"headlines": headlines, **more})


def test_a_headline_gets_pictures_with_reasons(client):
    body = ask(client, "a red picture", "一张蓝色的图片", k=2).json()
    first, second = body["answers"]
    assert first["choices"][0]["id"].startswith("red") and second["choices"][0]["id"].startswith("blue")
    choice = first["choices"][0]
    assert choice["why"] and choice["thumbnail"].endswith(choice["id"]) and "/" not in choice["name"]


def test_a_library_is_made_ready_once_and_again_after_a_change(client, monkeypatch):
    made = []
    from tuwen.illustrate.run import Illustrator

    original = Illustrator.__init__
    monkeypatch.setattr(
        Illustrator, "__init__", lambda self, *a, **o: (made.append(1), original(self, *a, **o))[1]
    )
    ask(client, "red")
    ask(client, "blue")
    assert len(made) == 1
    client.delete(f"{COLLECTION}/items/image/red-1")
    found = ask(client, "red", k=16).json()["answers"][0]["choices"]
    assert len(made) == 2 and "red-1" not in {choice["id"] for choice in found}


def test_who_comes_while_it_is_made_ready_is_told_to_wait(client, monkeypatch):
    monkeypatch.setattr(libraries, "WAIT_SECONDS", 0.01)
    with client.app._app._app._app.state.service.libraries.locks["tiny"]:
        problem(ask(client, "red"), 503, "busy")


def test_wrong_headlines_are_problems(client):
    problem(ask(client), 422, "invalid")
    problem(ask(client, ""), 422, "invalid")
    problem(ask(client, "red", where="colour ="), 400, "bad-input")


def test_pictures_are_kept_to_a_class_given_guessed_or_filtered(client):
    headline = {"text": "a red picture", "label": "blue"}
    given = client.post(f"{COLLECTION}/illustrate", json={"headlines": [headline]}).json()["answers"][0]
    assert given["label"] == "blue" and given["label_probability"] is None
    assert {choice["label"] for choice in given["choices"]} == {"blue"}
    guessed = ask(client, "a red picture with a grey dot", guess=True).json()["answers"][0]
    assert guessed["label"] == "red" and 0 < guessed["label_probability"] <= 1
    kept = ask(client, "a red picture", where="colour in ('green', 'blue')").json()["answers"][0]
    assert {choice["label"] for choice in kept["choices"]} == {"green", "blue"}


def test_rankings_are_joined_as_asked_and_pictures_chosen_twice_are_marked(client):
    first, second = ask(client, "a red picture", "a red picture", fuse="weighted", k=1).json()["answers"]
    assert first["choices"][0]["id"] == second["choices"][0]["id"]
    assert (first["choices"][0]["first_for"], second["choices"][0]["first_for"]) == ("", "0")
    (paper,) = ask(client, "a red picture", mode="paper", reach=1).json()["answers"]
    assert len(paper["choices"]) <= 1
    problem(ask(client, "a red picture", fuse="magic"), 422, "invalid")
