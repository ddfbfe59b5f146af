"""Tokens: kept as hashes, checked in constant time, followed when their file changes."""

import json
import os

import pytest

from tuwen.errors import Damaged, InputError, UnknownName
from tuwen.serve import tokens as tokens_file
from tuwen.serve.tokens import Tokens


@pytest.fixture
def tokens(tmp_path):
    return Tokens(tmp_path / "tokens.json")


def test_a_token_is_known_by_what_was_shown_once(tokens):
    given = tokens.add("alice", ["write"])
    token = tokens.check(given)
    assert token.name == "alice" and token.scopes == ("read", "write")
    assert tokens.recall(given).id == token.id


def test_the_file_holds_no_token_and_is_for_its_owner_only(tokens):
    given = tokens.add("alice", ["read"])
    text = tokens.path.read_text()
    secret = given.split("_", 2)[2]
    assert given not in text and secret not in text
    (kept,) = json.loads(text)["tokens"]
    assert len(bytes.fromhex(kept["hash"])) == 32 and len(bytes.fromhex(kept["salt"])) == 16
    if os.name != "nt":
        assert tokens.path.stat().st_mode & 0o077 == 0


def test_wrong_tokens_are_unknown(tokens):
    given = tokens.add("alice", ["read"])
    tokens.check(given)
    other = given[:-1] + ("A" if given[-1] != "A" else "B")
    for wrong in ("", "tw_", given[:-1], given + "x", other, "tw_000000000000_" + "A" * 43):
        assert tokens.check(wrong) is None
        assert tokens.recall(wrong) is None


def test_a_token_is_not_recalled_before_it_was_checked(tokens):
    assert tokens.recall(tokens.add("alice", ["read"])) is None


def test_a_token_taken_back_elsewhere_is_refused_at_once(tokens):
    given = tokens.add("alice", ["read"])
    assert tokens.check(given)
    Tokens(tokens.path).remove("alice")
    assert tokens.recall(given) is None and tokens.check(given) is None


def test_names_that_several_have_need_the_id(tokens):
    tokens.add("alice", ["read"])
    tokens.add("alice", ["read"])
    with pytest.raises(InputError, match="2 tokens are named 'alice'"):
        tokens.remove("alice")
    tokens.remove(tokens.all()[0].id)
    assert len(tokens.all()) == 1
    with pytest.raises(UnknownName, match="did you mean 'alice'"):
        tokens.remove("alcie")


def test_a_broken_file_is_named(tokens):
    tokens.path.write_text('{"tokens": [{"id": "x"}]}')
    with pytest.raises(Damaged, match="does not list tokens"):
        tokens.all()
    with pytest.raises(InputError, match="name of a token"):
        Tokens(tokens.path.with_name("new.json")).add(" ", ["read"])


def test_every_wrong_token_takes_the_time_of_a_hash(tokens, monkeypatch):
    """One whose id is known takes no longer than one whose id is not."""
    made, hashed = tokens.add("alice", ["read"]), []
    real = tokens_file._hash
    monkeypatch.setattr(tokens_file, "_hash", lambda *given: hashed.append(1) or real(*given))
    for given in (made[:-1] + "A", "tw_000000000000_" + "A" * 43, "nonsense", "", "tw_" + "é" * 40):
        hashed.clear()
        tokens.check(given)
        assert hashed == [1], given
