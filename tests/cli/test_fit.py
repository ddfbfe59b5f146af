"""`tuwen fit` learns from a file of pairs, and `tuwen index --method` uses what it learned."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from tiny import COLOURS
from tuwen import methods
from tuwen.cli.fit import _learned_something
from tuwen.report import plots


@pytest.fixture
def tuwen(tuwen_and_tiny):
    """Of the encoders, only `tiny` is not as everywhere."""
    return tuwen_and_tiny


@pytest.fixture
def table(tmp_path, tiny_pictures):
    """A caption in English and one in Chinese for each picture, and a row that cannot be used."""
    rows = ["image,caption,class", "lost.png,nothing,red"]
    for file in sorted(tiny_pictures.glob("*.png")):
        colour = file.stem.split("-")[0]
        rows += [f"{file},a {colour} picture,{colour}", f"{file},一张{COLOURS[colour][0]}色的图片,{colour}"]
    (tmp_path / "pairs.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return tmp_path / "pairs.csv"


@pytest.fixture
def features(tmp_path):
    """240 pairs of four classes, of unknown origin."""
    rng = np.random.default_rng(0)
    meaning = rng.normal(size=(240, 8))
    np.savez(
        tmp_path / "pairs.npz",
        images=meaning @ rng.normal(size=(8, 12)),
        texts=meaning @ rng.normal(size=(8, 10)),
        labels=rng.integers(0, 4, 240),
    )
    return tmp_path / "pairs.npz"


TINY = ("--image-encoder", "tiny", "--text-encoder", "tfidf,units=characters")


def test_from_pictures_and_words_to_a_collection_that_is_asked_both_ways(
    tuwen, table, tmp_path, tiny_pictures
):
    done = tuwen(
        "fit", "cca", "--pairs", table, "-o", tmp_path / "m", "--dim", 6, "--set", "ridge=0.1", *TINY
    )
    assert done.code == 0, done.err
    assert "lost.png is not there" in done.err and "fitted on 16 pictures and 32 texts" in done.err
    assert f"tuwen index COLLECTION {table} --method {tmp_path / 'm'}" in done.err
    made = tuwen("index", tmp_path / "c", table, "--method", tmp_path / "m")
    assert made.code == 0 and "16 images and 33 texts" in made.err
    for words in ("a blue picture", "一张蓝色的图片"):
        (first, *_) = tuwen("search", tmp_path / "c", words, "-k", 1).out.splitlines()
        assert json.loads(first)["id"].startswith("blue")
    asked = tuwen(
        "search", tmp_path / "c", "--image", tiny_pictures / "green-1.png", "--for", "texts", "-k", 1
    )
    assert "green" in json.loads(asked.out)["text"] or "绿" in json.loads(asked.out)["text"]
    shown = json.loads(tuwen("show", tmp_path / "c").out)
    assert shown["method"] == "cca" and shown["width"] == 6


def test_figures_of_what_was_held_out_are_printed(tuwen, features, tmp_path):
    done = tuwen("fit", "cvh", "--pairs", features, "-o", tmp_path / "m", "--bits", 8)
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert [(row["direction"], row["scores"]) for row in rows] == [
        (direction, way) for direction in ("image to text", "text to image") for way in ("cvh", "chance")
    ]
    assert "Held out: 24 pictures with their texts, after a fit on 216" in done.err
    assert "does not say which encoder made its features" in done.err
    assert methods.load(tmp_path / "m").width == 8
    quiet = tuwen("fit", "cvh", "--pairs", features, "-o", tmp_path / "m", "--bits", 8, "--no-check")
    assert quiet.code == 0 and quiet.out == ""


@pytest.mark.parametrize(("of_texts", "learned"), [(0.31, True), (0.3, False), (0.2, False)])
def test_a_method_must_beat_chance_both_ways(of_texts, learned):
    figures = [
        {"direction": direction, "scores": way, "map": value}
        for direction, way, value in (
            ("image to text", "cca", 0.5),
            ("image to text", "chance", 0.3),
            ("text to image", "cca", of_texts),
            ("text to image", "chance", 0.3),
        )
    ]
    assert _learned_something(SimpleNamespace(name="cca", figures=figures)) == learned


def test_how_a_network_was_trained_is_told_and_drawn(tuwen, features, tmp_path):
    pytest.importorskip("torch")
    settings = ("--set", "epochs=3", "--set", "hidden=8", "--dim", 4, "--no-check")
    done = tuwen("fit", "vsepp", "--pairs", features, "-o", tmp_path / "m", *settings)
    assert done.code == 0, done.err
    kept = methods.load(tmp_path / "m").epoch_
    assert f"Epoch {kept} of 3 was kept" in done.err
    drawn = (tmp_path / "m" / "training.png").is_file()
    assert drawn == plots.available() == ("Loss and validation by epoch" in done.err)
    plain = tuwen("fit", "cca", "--pairs", features, "-o", tmp_path / "n", "--dim", 4, "--no-check")
    assert "Epoch" not in plain.err and not list((tmp_path / "n").glob("training.*"))


def test_scores_alone_are_kept_but_index_nothing(tuwen, features, tmp_path):
    done = tuwen("fit", "hsnn", "--pairs", features, "-o", tmp_path / "m", "--labels", "labels")
    assert done.code == 0 and "gives no vectors: it cannot index a collection" in done.err
    refused = tuwen("index", tmp_path / "c", features.parent, "--method", tmp_path / "m")
    assert refused.code == 1 and "hsnn, which scores pairs" in refused.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("ccca",), 1, "did you mean 'cca'"),
        (("cca", "--set", "dims=3"), 1, "did you mean 'dim'"),
        (("cca", "--set", "dim"), 2, "write NAME=VALUE"),
        (("cca", "--set", "dim=3", "--dim", "4"), 2, "dim is given twice"),
        (("cca", "--dim", "200"), 1, "set dim to 10 or less"),
        (("cvh", "--bits", "12"), 1, "bits is 12"),
        (("cca", "--text-encoder", "tfidf"), 1, "holds features already"),
        (("cca", "--labels", "klass"), 1, "klass"),
    ],
)
def test_what_is_wrong_is_named(tuwen, features, tmp_path, arguments, code, words):
    done = tuwen("fit", *arguments, "--pairs", features, "-o", tmp_path / "m")
    assert done.code == code and words in done.err
    assert not (tmp_path / "m").exists()


def test_a_collection_that_exists_keeps_its_space(tuwen, table, tmp_path, tiny_pictures):
    for name, dim in (("m", 6), ("n", 4)):
        tuwen("fit", "cca", "--pairs", table, "-o", tmp_path / name, "--dim", dim, *TINY)
    plain, learned = tmp_path / "plain", tmp_path / "learned"
    tuwen("index", plain, tiny_pictures, "--encoder", "tiny")
    refused = tuwen("index", plain, tiny_pictures, "--method", tmp_path / "m")
    assert refused.code == 1 and "was made with tiny, not with the method in" in refused.err
    assert tuwen("index", learned, tiny_pictures, "--method", tmp_path / "m").code == 0
    other = tuwen("index", learned, tiny_pictures, "--method", tmp_path / "n")
    assert other.code == 1 and "was made with cca(tiny, tfidf,units=characters)" in other.err
    again = tuwen("index", learned, tiny_pictures, "--method", tmp_path / "m")
    assert again.code == 0 and "16 unchanged" in again.err
    assert tuwen("index", learned, tiny_pictures).code == 0


def test_an_export_of_a_learned_space_is_indexed_again(tuwen, table, tmp_path):
    tuwen("fit", "cvh", "--pairs", table, "-o", tmp_path / "m", "--bits", 8, *TINY)
    tuwen("index", tmp_path / "c", table, "--method", tmp_path / "m")
    assert tuwen("export", tmp_path / "c", "-o", tmp_path / "e").code == 0
    again = tuwen("index", tmp_path / "again", tmp_path / "e")
    assert again.code == 0, again.err
    assert json.loads(tuwen("show", tmp_path / "again").out)["codes"] == 8
