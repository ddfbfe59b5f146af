import pytest

from tuwen.serve import running


@pytest.fixture
def served(monkeypatch):
    """What `serve` would run; nothing listens."""
    made = []
    monkeypatch.setattr(
        running, "run", lambda collections, settings, ready: made.append((collections, settings))
    )
    return made


def test_options_come_before_the_environment_and_that_before_the_file(
    tuwen, served, tiny_collection, monkeypatch
):
    assert tuwen("config", "set", "serve_port", "9001").code == 0
    assert tuwen("config", "set", "serve_rate", "0").code == 0
    assert tuwen("config", "set", "serve_names", "a.example, b.example").code == 0
    monkeypatch.setenv("TUWEN_SERVE_RATE", "7")
    monkeypatch.setenv("TUWEN_SERVE_READ_ONLY", "true")
    done = tuwen("serve", tiny_collection.path, "--body-mb", "1", "--origin", "https://c.example")
    assert done.code == 0, done.err
    ((collections, settings),) = served
    assert list(collections) == ["tiny"]
    assert (settings.port, settings.rate, settings.body_bytes) == (9001, 7, 1 << 20)
    assert settings.read_only and settings.hosts == ("a.example", "b.example")
    assert settings.origins == ("https://c.example",)
    rows = {row["setting"]: row for row in tuwen("config").rows}
    assert rows["serve_rate"]["from"] == "TUWEN_SERVE_RATE" and rows["serve_port"]["value"] == 9001


def test_another_address_needs_a_token_first(tuwen, served, tiny_collection):
    refused = tuwen("serve", tiny_collection.path, "--host", "0.0.0.0")
    assert refused.code == 1 and "tuwen token add" in refused.err and not served
    made = tuwen("token", "add", "alice", "--write")
    assert made.code == 0 and made.out.startswith("tw_")
    assert tuwen("serve", tiny_collection.path, "--host", "0.0.0.0").code == 0
    (settings,) = [settings for _, settings in served]
    from tuwen.serve.tokens import Tokens

    assert Tokens(settings.tokens).check(made.out.strip()).scopes == ("read", "write")


def test_tokens_are_listed_and_taken_back(tuwen):
    shown = tuwen("token", "add", "alice").out.strip()
    (row,) = tuwen("token", "list").rows
    assert (row["name"], row["scopes"]) == ("alice", "read") and shown not in str(row)
    assert tuwen("token", "remove", "alice").code == 0
    assert tuwen("token", "list").out == ""
    assert "no token named" in tuwen("token", "remove", "alice").err


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--origin", "*"], "not a web origin"),
        (["--rerank", "head"], "NAME=FOLDER"),
        (["--port", "70000"], "70000"),
    ],
)
def test_wrong_options_are_refused(tuwen, served, tiny_collection, wrong, said):
    done = tuwen("serve", tiny_collection.path, *wrong)
    assert done.code in (1, 2) and said in done.err and not served


def test_second_stages_have_names(tuwen, served, tiny_collection, tmp_path):
    assert tuwen("serve", tiny_collection.path, "--rerank", f"head={tmp_path}").code == 0
    ((_, settings),) = served
    assert settings.rerankers == {"head": tmp_path}
