import json

import numpy as np
import pytest

from tuwen import encoders
from tuwen.cli import _run
from tuwen.collection import Collection

TEXTS = ["一只狗", "一只猫", "a red car"]


@pytest.fixture
def command(capsys, monkeypatch, tmp_path):
    """Runs a command line in this process with the real encoders; its exit code, output and notes."""
    monkeypatch.setenv("TUWEN_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.delenv("TUWEN_ENCODER", raising=False)

    def run(*arguments):
        code = _run([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def mini(tmp_path):
    """A collection of three texts, made with `mini`."""
    made = Collection.create(tmp_path / "my texts", encoder="mini")
    made.add_vectors("text", list("abc"), made.encoder.encode_texts(TEXTS), text=TEXTS)
    return made.path


@pytest.fixture
def fitted(tmp_path):
    """A collection of three texts, made with a fitted encoder; both paths."""
    encoders.find("tfidf")(units="characters").fit(TEXTS).save(tmp_path / "tfidf")
    made = Collection.create(tmp_path / "texts", encoder=str(tmp_path / "tfidf"))
    made.add_vectors("text", list("abc"), made.encoder.encode_texts(TEXTS), text=TEXTS)
    return made.path, tmp_path / "tfidf"


def test_it_says_what_is_in_it_and_what_to_type_there(command, mini, tmp_path):
    (tmp_path / "words.txt").write_text("狗\n")
    code, out, err = command("pack", mini, "-o", tmp_path / "t.tuwen", "--with", tmp_path / "words.txt")
    assert (code, out) == (0, "")
    for said in ("collection, words.txt; ", "Encoder mini ships with tuwen", "There:  tuwen unpack"):
        assert said in err
    code, out, err = command("unpack", tmp_path / "t.tuwen", "-o", tmp_path / "on there")
    assert (code, out) == (0, "")
    assert f"extra in {tmp_path / 'on there' / 'extra'}" in err
    assert f"Next:  tuwen show '{tmp_path / 'on there'}'" in err
    code, out, _ = command("search", tmp_path / "on there", "一只狗", "--for", "texts", "-k", "1")
    assert json.loads(out)["id"] == "a"


def test_an_encoder_alone_is_used_by_its_folder(command, fitted, tmp_path):
    assert "encoder; 3 files" in command("pack", "--encoder", fitted[1], "-o", tmp_path / "e.tuwen")[2]
    code, _, err = command("unpack", tmp_path / "e.tuwen", "-o", tmp_path / "there")
    assert code == 0 and f"Use it as:  --encoder {tmp_path / 'there'}" in err
    (tmp_path / "q.csv").write_text("id,text\n1,一只狗\n", encoding="utf-8")
    code, _, _ = command(
        "encode", tmp_path / "q.csv", "--encoder", tmp_path / "there", "-o", tmp_path / "f.npz"
    )
    stored = np.load(tmp_path / "f.npz", allow_pickle=False)
    assert str(stored["fingerprint"]) == encoders.load(str(fitted[1])).fingerprint


def test_nothing_to_pack_is_wrong_usage(command, tmp_path):
    assert command("pack", "-o", tmp_path / "t.tuwen")[0] == 2


def test_a_file_that_is_packed_is_never_written_over(command, mini, tmp_path):
    (tmp_path / "words.txt").write_text("狗\n")
    code, _, _ = command("pack", mini, "-o", tmp_path / "words.txt", "--with", tmp_path / "words.txt")
    assert code == 2 and (tmp_path / "words.txt").read_text() == "狗\n"


def test_what_is_no_pack_is_an_error_in_one_line(command, tmp_path):
    (tmp_path / "t.tuwen").write_text("something")
    code, _, err = command("unpack", tmp_path / "t.tuwen", "-o", tmp_path / "there")
    assert code == 1 and err.startswith("Error: ") and len(err.splitlines()) == 1


class TestMovedEncoder:
    def test_the_error_names_the_command_that_mends_it(self, command, fitted, tmp_path):
        collection, encoder = fitted
        encoder.rename(tmp_path / "elsewhere")
        code, _, err = command("search", collection, "狗", "--for", "texts")
        assert code == 1 and f"tuwen index {collection} --encoder SPEC" in err
        code, _, err = command("index", collection, "--encoder", tmp_path / "elsewhere")
        assert code == 0 and f"found at {tmp_path / 'elsewhere'} from now on" in err
        assert json.loads(command("search", collection, "狗", "--for", "texts", "-k", "1")[1])["id"] == "a"

    def test_the_same_path_in_other_words_is_the_same_encoder(self, command, fitted, tmp_path, monkeypatch):
        collection, encoder = fitted
        (tmp_path / "more.csv").write_text("id,text\nd,一只狗和猫\n", encoding="utf-8")
        monkeypatch.chdir(encoder.parent)
        code, _, err = command("index", collection, tmp_path / "more.csv", "--encoder", "tfidf/")
        assert code == 0 and "1 added" in err

    def test_no_source_without_an_encoder_is_wrong_usage(self, command, fitted, tmp_path):
        assert command("index", fitted[0])[0] == 2
        assert command("index", tmp_path / "new", "--encoder", "mini")[0] == 2
