import pytest

from tuwen.cli import _settings
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
        (["--proxy", "*"], "no address of a proxy"),
        (["--name", "https://a.example"], "no name to be asked under"),
    ],
)
def test_wrong_options_are_refused(tuwen, served, tiny_collection, wrong, said):
    done = tuwen("serve", tiny_collection.path, *wrong)
    assert done.code in (1, 2) and said in done.err and not served


def test_second_stages_have_names(tuwen, served, tiny_collection, tmp_path):
    assert tuwen("serve", tiny_collection.path, "--rerank", f"head={tmp_path}").code == 0
    ((_, settings),) = served
    assert settings.rerankers == {"head": tmp_path}


def test_what_would_be_served_is_shown_with_where_it_comes_from(tuwen, monkeypatch, tmp_path):
    assert tuwen("config", "set", "serve_rate", "7").code == 0
    monkeypatch.setenv("TUWEN_SERVE_THREADS", "3")
    given = ("--port", "9000", "--no-log-queries", "--name", "a.example", "--name", "b.example")
    done = tuwen("config", "serve", *given, "--root", tmp_path, "--read-only")
    assert done.code == 0, done.err
    rows = {row["setting"]: (row["value"], row["from"]) for row in done.rows}
    assert rows["serve_port"] == (9000, "--port")
    assert rows["serve_names"] == ("a.example,b.example", "--name")
    assert rows["serve_roots"] == (str(tmp_path), "--root")
    assert rows["serve_read_only"] == ("true", "--read-only")
    assert rows["serve_log_queries"] == ("false", "--no-log-queries")
    assert rows["serve_threads"] == (3, "TUWEN_SERVE_THREADS")
    assert rows["serve_rate"][0] == 7 and rows["serve_rate"][1].endswith("config.toml")
    assert rows["serve_host"] == ("127.0.0.1", "default")


def test_every_option_is_a_setting_too(tuwen):
    shown = {row["setting"] for row in tuwen("config", "serve").rows}
    assert shown == {name for name in _settings.SETTINGS if name.startswith("serve_")}


def test_folders_and_second_stages_come_from_the_environment(
    tuwen, served, tiny_collection, tmp_path, monkeypatch
):
    monkeypatch.setenv("TUWEN_SERVE_ROOTS", f"{tmp_path}, {tiny_collection.path}")
    monkeypatch.setenv("TUWEN_SERVE_RERANKERS", f"head={tmp_path}")
    monkeypatch.setenv("TUWEN_SERVE_TOKENS", str(tmp_path / "who.json"))
    monkeypatch.setenv("TUWEN_SERVE_CACHE", str(tmp_path / "small"))
    assert tuwen("serve", tiny_collection.path).code == 0
    ((_, settings),) = served
    assert settings.roots == (tmp_path, tiny_collection.path)
    assert settings.rerankers == {"head": tmp_path}
    assert settings.tokens == tmp_path / "who.json" and settings.cache == tmp_path / "small"
    monkeypatch.setenv("TUWEN_SERVE_ROOTS", str(tmp_path / "nowhere"))
    assert "does not exist" in tuwen("serve", tiny_collection.path).err
