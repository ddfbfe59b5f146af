"""From a name to an encoder: what is shared, what is made anew, and what is said when there is none."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from tuwen import Collection, encoders
from tuwen.errors import Damaged, InputError, MissingExtra, Unavailable, UnknownName


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    """A folder of one's own, and no network."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TUWEN_OFFLINE", "1")
    monkeypatch.setenv("TUWEN_MODELS", str(tmp_path / "cache"))


@pytest.fixture
def bow():
    """The name of a saved bag of words."""
    encoders.find("bow")(units="characters").fit(["red dog", "blue cat"]).save("bow")
    return "bow"


def test_names_are_files_and_import_nothing():
    assert {"mini", "hog", "tfidf", "stored", "concat"} <= set(encoders.names())
    assert not {"base", "fitted", "opening", "_descriptor"} & set(encoders.names())


def test_who_asks_again_gets_the_same():
    assert encoders.load("hsv") is encoders.load("hsv")
    assert encoders.load("hsv,levels=2") is encoders.load("hsv, levels = 2")
    assert encoders.load("hsv,levels=2") is not encoders.load("hsv")


def test_a_path_may_be_a_path_and_a_folder_that_is_not_there_is_said(bow, tmp_path):
    assert encoders.load(tmp_path / bow).width == encoders.load(f"./{bow}").width
    assert Collection.create("c", encoder=tmp_path / bow).encoder.name == str(tmp_path / bow)
    assert Collection.open("c", encoder=tmp_path / bow).encoder.name == str(tmp_path / bow)
    (tmp_path / "models").mkdir()
    with pytest.raises(Unavailable, match="there is no folder models/cn here; and as a model on a hub"):
        encoders.load("models/cn")


def test_what_must_be_fitted_is_made_anew():
    assert encoders.load("bow") is not encoders.load("bow")


def test_a_folder_is_opened_once_while_it_is_used(bow):
    first = encoders.load(f"./{bow}")
    assert encoders.load(f"./{bow}") is first


def test_a_folder_that_was_written_anew_is_another_encoder(bow):
    first = encoders.load(f"./{bow}")
    encoders.find("bow")(units="characters").fit(["yellow fish", "green bird"]).save(bow)
    later = time.time() + 5
    os.utime(Path(bow) / "encoder.json", (later, later))
    assert encoders.load(f"./{bow}").fingerprint != first.fingerprint


def test_a_path_is_named_so_that_it_opens_from_anywhere(bow, tmp_path, monkeypatch):
    made = encoders.load(f"bow:{bow}")
    assert made.name == f"bow:{tmp_path / bow}"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert encoders.load(made.name).fingerprint == made.fingerprint


def test_a_concatenation_of_paths_opens_from_anywhere(bow, tmp_path, monkeypatch):
    np.savez("f.npz", text_ids=["1"], text_vectors=np.ones((1, 2)))
    made = encoders.load(f"concat:./{bow}+0.5*stored:f.npz")
    monkeypatch.chdir(Path(tmp_path).parent)
    assert encoders.load(made.name).fingerprint == made.fingerprint
    assert made.encode_texts(["a dog"], ids=["1"]).shape == (1, made.width)


def test_a_registry_name_is_surer_than_a_folder(bow):
    assert not encoders.load("bow").fitted
    assert encoders.load("./bow").fitted


@pytest.mark.parametrize(
    ("spec", "error", "said"),
    [
        ("minni", UnknownName, "no encoder named 'minni'; did you mean 'mini'"),
        ("cn-clip-vit-b16", UnknownName, "did you mean 'cn-clip-vit-b-16'"),
        ("models/cn-clip/x", InputError, "there is no folder or file models/cn-clip/x"),
        ("vgg16.pth", InputError, r"there is no folder or file vgg16\.pth"),
        ("vision:vgg16.pth", InputError, r"there is no folder or file vgg16\.pth"),
        ("OFA-Sys/no-such", Unavailable, "not on this machine"),
        ("hog,cels=8", UnknownName, "no option named 'cels'; did you mean 'cells'"),
        ("hog,cells=eight", InputError, "option cells is 'eight'; it must be a whole number"),
        ("hog:x.npz", InputError, "no folder or file"),
        ("stored", InputError, "stored needs a file of vectors: write stored:PATH"),
        ("clip", InputError, "clip needs a folder or file: write clip:PATH"),
        ("tuwen:mini", UnknownName, "no family of encoders named 'tuwen'"),
        ("https://x.org/a/b", InputError, "is an address"),
        ("", InputError, "an encoder is missing"),
    ],
)
def test_what_is_not_there_is_explained(spec, error, said):
    with pytest.raises(error, match=said):
        encoders.load(spec)


def test_a_file_given_to_a_family_without_files_is_explained():
    Path("x.bin").touch()
    with pytest.raises(InputError, match="is not opened from files"):
        encoders.load("hog:x.bin")


def test_a_folder_of_another_family_is_refused(bow):
    with pytest.raises(Damaged, match="holds an encoder of the family bow, not tfidf"):
        encoders.load(f"tfidf:{bow}")
    with pytest.raises(InputError, match="is fitted already"):
        encoders.load(f"bow:{bow},features=3")


def test_a_folder_that_names_an_unknown_encoder_is_refused(bow):
    path = Path(bow) / "encoder.json"
    path.write_text(path.read_text().replace('"name": "bow"', '"name": "../bow"'))
    with pytest.raises(UnknownName, match=r"no encoder named '\.\./bow'"):
        encoders.load(f"./{bow}")


def test_a_missing_package_names_what_to_install(monkeypatch):
    monkeypatch.setattr(encoders, "names", lambda: ("nosuch",))

    def fail(path):
        raise ModuleNotFoundError("No module named 'rare'", name="rare")

    monkeypatch.setattr(encoders, "import_module", fail)
    with pytest.raises(MissingExtra, match="nosuch needs rare; install it with: pip install rare"):
        encoders.find("nosuch")
