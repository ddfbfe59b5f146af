from types import SimpleNamespace

import numpy as np
import pytest

from tuwen import encoders
from tuwen.errors import InputError
from tuwen.illustrate import spaces
from tuwen.illustrate.library import read
from tuwen.illustrate.spaces import COLLECTION, NONE, encode_pictures, learn, prepare


def test_the_collections_own_vectors_are_used_as_they_are(tiny_collection):
    library = read(tiny_collection)
    known, _ = prepare(library, tiny_collection, text=COLLECTION)
    assert np.array_equal(library.vectors["text"], library.vectors["cross-text"])
    assert np.array_equal(library.vectors["image"], library.vectors["cross-image"])
    assert known.cross is tiny_collection.encoder and known.own is None  # eight pairs teach nothing


def test_texts_are_fitted_once_and_kept_beside_the_collection(tiny_collection, monkeypatch):
    library = read(tiny_collection)
    known, _ = prepare(library, tiny_collection)
    row = library.ids.index("red-0")
    assert np.array_equal(known.text.encode([library.texts[row]])[0], library.vectors["text"][row])
    assert not library.vectors["text"][library.ids.index("red-1")].any()
    monkeypatch.setattr(type(known.text.encoder), "_fit", None)  # what is kept is not fitted again
    again = read(tiny_collection)
    prepare(again, tiny_collection)
    assert np.array_equal(again.vectors["text"], library.vectors["text"])


def test_none_leaves_a_space_out(tiny_collection):
    library = read(tiny_collection)
    known, _ = prepare(library, tiny_collection, text=NONE, image=NONE, cross=NONE)
    assert (known.text, known.image, known.cross) == (None, None, None)
    assert library.vectors == {}


def test_an_encoder_of_one_side_cannot_cross(tiny_collection):
    library = read(tiny_collection)
    with pytest.raises(InputError, match="encodes images only"):
        prepare(library, tiny_collection, cross="lbp")
    with pytest.raises(InputError, match="does not encode texts"):
        prepare(library, tiny_collection, text="lbp")


def test_pictures_that_cannot_be_read_are_listed_and_the_library_goes_on(tiny_collection, tmp_path):
    library = read(tiny_collection)
    library.pictures[2] = str(tmp_path / "gone.png")
    prepare(library, tiny_collection, image="lbp")
    assert [refusal.item for refusal in library.refusals] == [library.pictures[2]]
    assert not library.vectors["image"][2].any() and library.vectors["image"][3].any()


def test_pictures_are_encoded_as_the_encoder_does_in_any_batch(tiny_pictures, tiny_encoder, tmp_path):
    files = sorted(tiny_pictures.glob("*.png"))
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no")
    found, refusals = encode_pictures(tiny_encoder, [*files[:3], bad, files[3]])
    assert np.array_equal(found[[0, 1, 2, 4]], tiny_encoder.encode(files[:4], "image"))
    assert not found[3].any() and len(refusals) == 1


def test_wide_vectors_are_reduced_along_axes_that_are_kept(tiny_collection, monkeypatch):
    monkeypatch.setattr(spaces, "_WIDE", 20)
    monkeypatch.setattr(spaces, "_NARROW", 4)
    library = read(tiny_collection)
    known, _ = prepare(library, tiny_collection)
    assert library.vectors["text"].shape == (16, 4) and known.text.axes.shape[1] == 4
    again, _ = prepare(read(tiny_collection), tiny_collection)
    assert np.array_equal(again.text.encode(["a red picture"]), known.text.encode(["a red picture"]))


def test_a_space_is_learned_from_pairs(paired):
    method = learn(paired.vectors["image"][:200], paired.vectors["text"][:200])
    images = spaces.coded(method, paired.vectors["image"][200:], "image")
    texts = spaces.coded(method, paired.vectors["text"][200:], "text")
    scores = texts @ images.T
    ranks = (scores > np.diag(scores)[:, None]).sum(axis=1) + 1
    assert np.mean(1 / ranks) > 0.5  # by chance 0.05
    assert not spaces.coded(method, np.zeros((1, 13), dtype=np.float32), "image").any()


def test_the_own_space_needs_enough_pairs(tiny_collection, monkeypatch):
    monkeypatch.setattr(spaces, "FEWEST", 8)
    library = read(tiny_collection)
    known, _ = prepare(library, tiny_collection)
    assert known.own is not None and library.vectors["own-image"].any(axis=1).all()
    assert library.vectors["own-text"].any(axis=1).sum() == 8


def test_the_own_space_is_learned_again_when_its_recipe_changes(tiny_collection, monkeypatch):
    monkeypatch.setattr(spaces, "FEWEST", 8)
    learn, taught = spaces.learn, []

    def counted(images, texts):
        taught.append(len(images))
        return learn(images, texts)

    monkeypatch.setattr(spaces, "learn", counted)
    for recipe in (1, 1, 2):
        monkeypatch.setattr(spaces, "RECIPE", recipe)
        prepare(read(tiny_collection), tiny_collection)
    assert len(taught) == 2


def test_a_fitted_method_may_cross(tiny_collection, tmp_path, monkeypatch, tiny_encoder):
    from tuwen import learned, methods

    monkeypatch.setattr(encoders, "load", lambda name: tiny_encoder)
    rng = np.random.default_rng(0)
    method = methods.find("cca")(dim=2, ridge=1.0).fit(rng.normal(size=(40, 32)), rng.normal(size=(40, 32)))
    side = learned.Side(name="tiny", fingerprint=tiny_encoder.fingerprint, width=32)
    learned.write(tmp_path / "fit", method, {"image": side, "text": side})
    library = read(tiny_collection)
    known, _ = prepare(library, tiny_collection, text=COLLECTION, cross=str(tmp_path / "fit"))
    assert known.cross.width == 2 and library.vectors["cross-image"].shape == (16, 2)


def test_a_collection_without_an_encoder_still_compares_texts(tmp_path):
    from tuwen.collection import Collection

    made = Collection.create(tmp_path / "bare", encoder=None, width=3)
    made.add_vectors("image", ["a", "b"], np.eye(3)[:2])
    made.add_vectors("text", ["a", "b"], np.eye(3)[:2], text=["red dot", "blue dot"], entity=["a", "b"])
    library = read(made)
    known, _ = prepare(library, made)
    assert known.text is not None and known.cross is None and "cross-image" not in library.vectors


def library_of(texts, hashes, pictures):
    return SimpleNamespace(ids=["a"], texts=texts, hashes=hashes, pictures=pictures)


def test_the_digest_of_a_library_follows_its_contents():
    one, other = library_of(["x"], ["h"], ["p.png"]), library_of(["y"], ["h"], ["q.png"])
    assert spaces.digest_of(one, "text") != spaces.digest_of(other, "text")
    assert spaces.digest_of(one, "image") == spaces.digest_of(other, "image")
    unknown = library_of(["x"], [""], ["p.png"]), library_of(["x"], [""], ["q.png"])
    assert spaces.digest_of(unknown[0], "image") != spaces.digest_of(unknown[1], "image")


def test_arrays_are_told_apart_by_all_that_is_in_them():
    rows = np.zeros((2, 3), dtype=np.float32)
    other = rows.copy()
    other[1, 2] = 1e-6
    digests = [spaces.digest_of_vectors(value) for value in (rows, other, rows.reshape(3, 2), rows.copy())]
    assert len(set(digests)) == 3 and digests[0] == digests[3]
