"""A fit says what it learned from pairs it has not seen, and keeps what codes new items."""

import json

import numpy as np
import pytest

from tiny import TinyEncoder
from tuwen import Collection, encoders, fitting, learned, methods
from tuwen.datasets import paired
from tuwen.errors import InputError, UnknownName


@pytest.fixture
def pairs(tmp_path):
    """A file of 240 pairs of four classes; texts are a turned image with some noise."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 240)
    meaning = 2 * rng.normal(size=(4, 8))[labels] + rng.normal(size=(240, 8))
    images = meaning @ rng.normal(size=(8, 12)) + 0.1 * rng.normal(size=(240, 12))
    texts = meaning @ rng.normal(size=(8, 10)) + 0.1 * rng.normal(size=(240, 10))
    np.savez(tmp_path / "pairs.npz", images=images, texts=texts, labels=labels)
    return tmp_path / "pairs.npz"


def figures(done, way):
    return {row["direction"]: row for row in done.figures if row["scores"] == way}


def test_it_is_fitted_on_all_and_checked_on_some_held_out(pairs, tmp_path):
    done = fitting.fit("cca", str(pairs), tmp_path / "m", settings={"dim": "6"})
    assert (done.images, done.texts, done.held_out) == (240, 240, 24)
    everything = np.load(pairs)
    whole = methods.find("cca")(dim=6).fit(everything["images"], everything["texts"])
    found = methods.load(tmp_path / "m")
    np.testing.assert_array_equal(
        found.transform(everything["texts"], "text"), whole.transform(everything["texts"], "text")
    )


def test_figures_are_of_pairs_that_were_not_seen(pairs, tmp_path):
    done = fitting.fit("cca", str(pairs), tmp_path / "m", settings={"dim": "6"})
    mine, chance = figures(done, "cca"), figures(done, "chance")
    assert set(mine) == {"image to text", "text to image"} and done.relevant == "class"
    for direction, row in mine.items():
        assert row["hit@1"] > 0.5 > chance[direction]["hit@1"] == pytest.approx(1 / 24)
        assert row["map"] > 1.2 * chance[direction]["map"]


def test_pairs_that_do_not_belong_together_look_like_chance(pairs, tmp_path):
    arrays = dict(np.load(pairs))
    arrays["texts"] = np.random.default_rng(1).permutation(arrays["texts"])
    del arrays["labels"]
    np.savez(pairs, **arrays)
    done = fitting.fit("cca", str(pairs), tmp_path / "m", settings={"dim": "6"})
    for direction, row in figures(done, "cca").items():
        assert row["map"] == pytest.approx(figures(done, "chance")[direction]["map"], abs=0.12)


@pytest.mark.parametrize(("more", "held"), [({"check": False}, 0), ({}, 24)])
def test_the_check_can_be_left_out(pairs, tmp_path, more, held):
    assert fitting.fit("cca", str(pairs), tmp_path / "m", **more).held_out == held


def test_few_pairs_are_all_learned_from(pairs, tmp_path):
    arrays = {name: values[:50] for name, values in np.load(pairs).items()}
    np.savez(pairs, **arrays)
    assert fitting.fit("cca", str(pairs), tmp_path / "m").held_out == 0


def test_the_same_seed_gives_the_same_figures(pairs, tmp_path):
    one, other = (fitting.fit("cca", str(pairs), tmp_path / name) for name in "ab")
    assert one.figures == other.figures


def test_plain_features_are_measured_beside_where_both_sides_are_of_one_encoder():
    rng = np.random.default_rng(0)
    images = rng.normal(size=(30, 6)).astype(np.float32)
    given = paired(images, images)
    method = methods.find("cca")(dim=2).fit(images, images)
    rows = fitting.measure("cca", method, given, plain=True)
    assert [row["scores"] for row in rows] == ["cca", "encoder alone", "chance"] * 2
    assert rows[1]["hit@1"] == rows[4]["map"] == 1.0


@pytest.mark.parametrize(
    ("settings", "kind", "words"),
    [
        ({"dims": "3"}, UnknownName, "no parameter of cca named 'dims'; did you mean 'dim'"),
        ({"dim": "many"}, InputError, "dim is 'many'; it must be a whole number"),
        ({"standardise": "perhaps"}, InputError, "it must be true or false"),
        ({"dim": "0"}, InputError, "dim is 0"),
        ({"dim": "11"}, InputError, "dim is 11, but .* at most 10 directions"),
    ],
)
def test_wrong_parameters_are_named(pairs, tmp_path, settings, kind, words):
    with pytest.raises(kind, match=words):
        fitting.fit("cca", str(pairs), tmp_path / "m", settings=settings)
    assert not (tmp_path / "m").exists()


def test_a_method_that_is_not_there_is_suggested(pairs, tmp_path):
    with pytest.raises(UnknownName, match="did you mean 'cca'"):
        fitting.fit("ccca", str(pairs), tmp_path / "m")


def test_classes_must_be_there_for_those_that_learn_from_them(pairs, tmp_path):
    arrays = {name: values for name, values in np.load(pairs).items() if name != "labels"}
    np.savez(pairs, **arrays)
    with pytest.raises(InputError, match=r"sm learns from classes, and the pairs have none.*--labels"):
        fitting.fit("sm", str(pairs), tmp_path / "m")


def test_three_pairs_are_too_few(pairs, tmp_path):
    np.savez(pairs, **{name: values[:3] for name, values in np.load(pairs).items()})
    with pytest.raises(InputError, match="there are 3 pairs; cca needs more"):
        fitting.fit("cca", str(pairs), tmp_path / "m")


def test_more_bits_than_directions_are_refused(pairs, tmp_path):
    with pytest.raises(InputError, match="bits is 16, but"):
        fitting.fit("cvh", str(pairs), tmp_path / "m", settings={"bits": "16"})


def test_a_folder_that_holds_something_else_is_kept(pairs, tmp_path):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="holds something else"):
        fitting.fit("cca", str(pairs), tmp_path / "m")
    assert (tmp_path / "m" / "letter.txt").read_text() == "dear"


def test_an_earlier_fit_is_replaced_whole(pairs, tmp_path):
    fitting.fit("cca", str(pairs), tmp_path / "m")
    (tmp_path / "m" / "text").mkdir()
    fitting.fit("cvh", str(pairs), tmp_path / "m", settings={"bits": "8"})
    assert {file.name for file in (tmp_path / "m").iterdir()} == {"method.json", "state.npz", "encoders.json"}
    assert methods.load(tmp_path / "m").width == 8


def test_features_of_unknown_origin_are_no_index(pairs, tmp_path):
    done = fitting.fit("cca", str(pairs), tmp_path / "m")
    assert not done.indexes and done.encoders == ("", "")


def test_a_fit_on_pictures_and_texts_codes_a_collection(tmp_path, tiny_pictures, monkeypatch, tiny_encoder):
    load = encoders.load
    monkeypatch.setattr(encoders, "load", lambda spec: tiny_encoder if str(spec) == "tiny" else load(spec))
    files = sorted(tiny_pictures.glob("*.png"))
    lines = [f"{file},a {file.stem.split('-')[0]} picture,{file.stem.split('-')[0]}" for file in files]
    (tmp_path / "p.csv").write_text("\n".join(["image,caption,label", *lines, f"{files[0]},a picture,"]))
    words = encoders.find("tfidf")(units="words")
    done = fitting.fit(
        "sm", str(tmp_path / "p.csv"), tmp_path / "m", image_encoder=TinyEncoder(), text_encoder=words
    )
    assert done.indexes and done.encoders == ("tiny", "tfidf")
    assert json.loads((tmp_path / "m" / learned.ENCODERS).read_text())["text"]["width"] == words.width
    made = Collection.create(tmp_path / "c", method=tmp_path / "m")
    made.add_vectors("image", [file.stem for file in files], made.encoder.encode(files, "image"))
    assert made.search("a yellow picture", k=1)[0].id.startswith("yellow")


def test_pairs_without_a_class_are_left_out_and_listed(tmp_path, tiny_pictures):
    files = sorted(tiny_pictures.glob("*.png"))
    colours = [file.stem.split("-")[0] for file in files]
    lines = [
        f"{file},{word},{word if file != files[0] else ''}" for file, word in zip(files, colours, strict=True)
    ]
    (tmp_path / "p.csv").write_text("\n".join(["image,caption,label", *lines]))
    both = {"image_encoder": TinyEncoder(), "text_encoder": TinyEncoder()}
    done = fitting.fit("sm", str(tmp_path / "p.csv"), tmp_path / "m", **both)
    assert done.images == 15 and [refusal.code for refusal in done.refusals] == ["no-label"]
    assert (
        fitting.fit("cca", str(tmp_path / "p.csv"), tmp_path / "n", settings={"dim": "4"}, **both).images
        == 16
    )
