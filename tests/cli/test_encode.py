"""`tuwen encode`: fitting, keeping, raw rows, and what people are told."""

import numpy as np
import pytest

from tuwen import encoders
from tuwen.encoders.base import Encoder

LOAD = encoders.load


@pytest.fixture
def real(tuwen, monkeypatch):
    """The command line with the encoders there are."""
    monkeypatch.setattr(encoders, "load", LOAD)
    monkeypatch.setenv("TUWEN_OFFLINE", "1")
    return tuwen


@pytest.fixture
def table(tmp_path, tiny_pictures):
    """Six texts and three pictures."""
    rows = [
        f"{tiny_pictures / 'red-0.png'},r1,a red dog runs",
        f"{tiny_pictures / 'red-0.png'},r2,a dog on red ground",
        f"{tiny_pictures / 'blue-0.png'},b1,the blue sky",
        f"{tiny_pictures / 'blue-0.png'},b2,a blue dog",
        f"{tiny_pictures / 'cyan-1.png'},c1,the cyan sky runs",
        f"{tiny_pictures / 'cyan-1.png'},c2,red ground",
    ]
    path = tmp_path / "captions.csv"
    path.write_text("\n".join(["image,text_id,text", *rows]) + "\n", encoding="utf-8")
    return path


def read(path):
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def test_an_encoder_is_fitted_kept_and_used_for_other_items(real, table, tmp_path):
    keep = ("--fit", "--save-encoder", tmp_path / "bow")
    fitted = real("encode", table, "--encoder", "bow", *keep, "-o", tmp_path / "a.npz")
    assert fitted.code == 0, fitted.err
    assert f"bow fitted on 6 texts: {tmp_path / 'bow'}" in fitted.err
    first = read(tmp_path / "a.npz")
    assert str(first["encoder"]) == str(tmp_path / "bow") and "image_ids" not in first
    again = real("encode", table, "--encoder", tmp_path / "bow", "-o", tmp_path / "b.npz")
    assert again.code == 0 and f"encoder {tmp_path / 'bow'}: " in again.err
    second = read(tmp_path / "b.npz")
    np.testing.assert_array_equal(first["text_vectors"], second["text_vectors"])
    assert str(first["fingerprint"]) == str(second["fingerprint"])


def test_fitting_without_keeping_says_how_to_keep(real, table, tmp_path):
    done = real("encode", table, "--encoder", "bow", "--fit", "-o", tmp_path / "a.npz")
    assert done.code == 0 and "--save-encoder DIR would keep it" in done.err


def test_an_encoder_that_is_not_fitted_tells_the_command(real, table, tmp_path):
    failed = real("encode", table, "--encoder", "bow", "-o", tmp_path / "a.npz")
    assert failed.code == 1 and "--encoder bow --fit --save-encoder FOLDER" in failed.err
    assert not (tmp_path / "a.npz").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--encoder", "hsv", "--fit"], "hsv learns nothing from your items; leave --fit out"),
        (["--encoder", "hsv", "--save-encoder", "x"], "--save-encoder keeps what --fit learned; add --fit"),
    ],
)
def test_options_that_make_no_sense_are_wrong_usage(real, table, tmp_path, arguments, said):
    failed = real("encode", table, *arguments, "-o", tmp_path / "a.npz")
    assert failed.code == 2 and said in failed.err


def test_a_fitted_encoder_is_not_fitted_again(real, table, tmp_path):
    encoders.find("bow")().fit(["a", "b"]).save(tmp_path / "bow")
    failed = real("encode", table, "--encoder", tmp_path / "bow", "--fit", "-o", tmp_path / "a.npz")
    assert failed.code == 2 and "is fitted already; leave --fit out" in failed.err


def test_a_folder_of_something_else_is_not_written_into(real, table, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.txt").touch()
    for place in (tmp_path / "photos", table):
        failed = real(
            "encode", table, "--encoder", "bow", "--fit", "--save-encoder", place, "-o", tmp_path / "a.npz"
        )
        assert failed.code == 2 and "holds something else; name a new folder" in failed.err
    assert sorted(path.name for path in (tmp_path / "photos").iterdir()) == ["a.txt"]


def test_an_encoder_of_another_family_is_not_written_over(real, table, tmp_path):
    (tmp_path / "fast").mkdir()
    exported = tmp_path / "fast" / "encoder.json"
    exported.write_text('{"name": "exported"}')
    arguments = ("encode", table, "--encoder", "bow", "--fit", "-o", tmp_path / "a.npz", "--save-encoder")
    failed = real(*arguments, tmp_path / "fast")
    assert failed.code == 2 and "holds something else" in failed.err
    assert exported.read_text() == '{"name": "exported"}'
    assert [real(*arguments, tmp_path / "bow").code for _ in range(2)] == [0, 0]


def test_nothing_to_fit_on_is_an_error(real, tiny_pictures, tmp_path):
    failed = real("encode", tiny_pictures, "--encoder", "bow", "--fit", "-o", tmp_path / "a.npz")
    assert failed.code == 1 and "has no texts, which bow learns from" in failed.err


def test_rows_keep_their_length_on_request(real, table, tmp_path):
    assert real("encode", table, "--encoder", "hsv", "--raw", "-o", tmp_path / "raw.npz").code == 0
    assert real("encode", table, "--encoder", "hsv", "-o", tmp_path / "unit.npz").code == 0
    raw, unit = (read(tmp_path / f"{name}.npz")["image_vectors"] for name in ("raw", "unit"))
    assert raw.shape == unit.shape == (3, 72)
    lengths = np.linalg.norm(raw, axis=1, keepdims=True)
    assert not np.allclose(lengths, 1)
    np.testing.assert_allclose(raw, unit * lengths, atol=1e-6)


def test_only_what_encoder_and_source_both_have_is_written(real, table, tiny_pictures, tmp_path):
    assert real("encode", table, "--encoder", "hsv", "-o", tmp_path / "a.npz").code == 0
    assert not {"text_ids", "text_vectors"} & set(read(tmp_path / "a.npz"))
    assert real("encode", tiny_pictures, "--encoder", "mini", "-o", tmp_path / "b.npz").code == 0
    assert not {"text_ids", "text_vectors"} & set(read(tmp_path / "b.npz"))
    (tmp_path / "t.txt").write_text("a red dog\n", encoding="utf-8")
    failed = real("encode", tmp_path / "t.txt", "--encoder", "hsv", "-o", tmp_path / "c.npz")
    assert failed.code == 1 and "has no images that hsv can encode" in failed.err


def test_stored_vectors_encode_what_they_know_and_list_the_rest(real, table, tmp_path):
    np.savez(
        tmp_path / "f.npz",
        image_ids=["red-0", "cyan-1"],
        image_vectors=np.eye(2),
        text_ids=["r1", "b2", "c2"],
        text_vectors=np.ones((3, 2)),
    )
    done = real("encode", table, "--encoder", f"stored:{tmp_path / 'f.npz'}", "-o", tmp_path / "g.npz")
    found = read(tmp_path / "g.npz")
    assert done.code == 0 and "2 images, 3 texts of width 2" in done.err
    assert found["image_ids"].tolist() == ["red-0", "cyan-1"]
    assert found["text_ids"].tolist() == ["r1", "b2", "c2"]
    assert "4 inputs left out" in done.err and "has no vector of the picture 'blue-0'" in done.err


def test_a_concatenation_of_stored_and_new_vectors(real, table, tmp_path):
    np.savez(tmp_path / "f.npz", ids=["red-0", "blue-0", "cyan-1"], vectors=np.eye(3))
    spec = f"concat:2*stored:{tmp_path / 'f.npz'}+hsv"
    assert real("encode", table, "--encoder", spec, "-o", tmp_path / "g.npz").code == 0
    found = read(tmp_path / "g.npz")
    np.testing.assert_allclose(found["image_vectors"][:, :3], np.eye(3) * np.sqrt(2 / 3), atol=1e-6)
    assert str(found["encoder"]) == spec


class Short(Encoder):
    """Reads eight characters."""

    def __init__(self):
        self.name, self.width, self.fingerprint, self.runtime = "short", 2, "short-1", "by hand"
        self.modalities = frozenset({"text"})

    def _encode_texts(self, texts):
        self.cut += sum(len(text) > 8 for text in texts)
        return np.array([[text.count("a"), text.count("r")] for text in texts])


def test_texts_that_were_cut_and_rows_of_zeros_are_told_once(tuwen, table, tmp_path, monkeypatch):
    monkeypatch.setattr(encoders, "load", lambda _: Short())
    (tmp_path / "t.txt").write_text("a dog\nout\na red dog runs\nover there far\n", encoding="utf-8")
    done = tuwen("encode", tmp_path / "t.txt", "-o", tmp_path / "a.npz")
    assert done.code == 0
    assert done.err.count("2 texts were longer than short reads; the rest was not read.") == 1
    assert "1 text says nothing to short: a row of zeros" in done.err
    assert "encoder short: by hand" in done.err


def test_an_unknown_encoder_is_suggested(real, table, tmp_path):
    failed = real("encode", table, "--encoder", "minni", "-o", tmp_path / "a.npz")
    assert failed.code == 1 and "did you mean 'mini'" in failed.err


def test_an_id_that_stands_twice_is_refused(real, tmp_path):
    (tmp_path / "t.csv").write_text("text_id,text\na,one\na,two\n")
    failed = real("encode", tmp_path / "t.csv", "-o", tmp_path / "a.npz")
    assert failed.code == 1 and "'a' stands twice" in failed.err


def test_a_collection_of_stored_vectors_is_asked_with_the_encoder_that_made_them(
    real, tiny_pictures, tmp_path
):
    features, collection = tmp_path / "mini.npz", tmp_path / "c"
    assert real("encode", tiny_pictures, "-o", features).code == 0
    made = real("index", collection, tiny_pictures, "--encoder", f"stored:{features}")
    assert made.code == 0 and "images: 16 added" in made.err
    failed = real("search", collection, "red")
    assert failed.code == 1 and "tuwen index COLLECTION --encoder mini" in failed.err
    assert real("index", collection, "--encoder", "mini").code == 0
    assert len(real("search", collection, "red", "-k", "3").rows) == 3


def test_pictures_without_a_vector_are_in_the_ledger(real, tiny_pictures, tmp_path):
    np.savez(tmp_path / "f.npz", ids=["red-0", "blue-0"], vectors=np.eye(2))
    done = real("index", tmp_path / "c", tiny_pictures, "--encoder", f"stored:{tmp_path / 'f.npz'}")
    assert done.code == 0 and "images: 2 added" in done.err and "14 inputs refused" in done.err
    assert {row["code"] for row in real("show", tmp_path / "c", "--ledger").rows} == {"no-features"}


def test_texts_without_a_vector_are_in_the_ledger_and_the_rest_is_taken(real, table, tmp_path):
    vectors = {"text_ids": ["r1", "b2"], "text_vectors": np.eye(2)}
    np.savez(
        tmp_path / "f.npz", image_ids=["red-0", "blue-0", "cyan-1"], image_vectors=np.eye(3, 2), **vectors
    )
    done = real("index", tmp_path / "c", table, "--encoder", f"stored:{tmp_path / 'f.npz'},modality=text")
    assert done.code == 0 and "texts: 2 added" in done.err and "4 inputs refused" in done.err
    refused = real("show", tmp_path / "c", "--ledger").rows
    assert {row["code"] for row in refused} == {"no-features"}
    assert all("column text_id" in row["reason"] for row in refused)


def test_matching_against_a_side_that_is_empty_names_the_other(real, table, tmp_path):
    bow = ("--encoder", "bow", "--fit", "--save-encoder", tmp_path / "bow", "-o", tmp_path / "a.npz")
    assert real("encode", table, *bow).code == 0
    assert real("index", tmp_path / "c", table, "--encoder", tmp_path / "bow").code == 0
    failed = real("match", tmp_path / "c", table, "-o", tmp_path / "m.csv")
    assert failed.code == 1 and "no images to find, only texts; look for those with --for texts" in failed.err
    found = real("match", tmp_path / "c", table, "--for", "texts", "--from", "texts", "-k", "1")
    assert found.code == 0 and len(found.out.splitlines()) == 7


def test_parts_have_a_row_a_word(real, table, tmp_path):
    spec = "word2vec,width=5,min_count=1,epochs=1"
    done = real("encode", table, "--encoder", spec, "--fit", "--parts", "-o", tmp_path / "a.npz")
    assert done.code == 0 and "6 texts of up to 5 parts of width 5" in done.err, done.err
    words = read(tmp_path / "a.npz")["text_vectors"]
    assert words.shape == (6, 5, 5) and words.dtype == np.float16
    np.testing.assert_array_equal(words.any(axis=2).sum(axis=1), [4, 5, 3, 3, 4, 2])


def test_parts_of_an_encoder_without_them_are_refused(real, table, tmp_path):
    done = real("encode", table, "--encoder", "bow", "--fit", "--parts", "-o", tmp_path / "a.npz")
    assert done.code == 1 and "gives no parts of texts" in done.err
