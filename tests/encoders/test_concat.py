"""A concatenation's cosine is the weighted mean of its parts', in one decoding."""

from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

from tuwen import encoders
from tuwen.encoders import concat as module
from tuwen.encoders.base import Encoder
from tuwen.encoders.concat import Concat
from tuwen.encoders.fitted import Fitted
from tuwen.errors import InputError, NotFittedError, PictureError, TextError, UnknownName
from tuwen.records import Picture

TEXTS = ["red", "a long text about 绿 things", ""]


class Colour(Encoder):
    """The mean colour of a picture, and nothing of texts."""

    def __init__(self, size=32, name="colour"):
        self.name, self.width, self.fingerprint, self.image_size = name, 3, f"{name}-{size}", size
        self.modalities, self.languages, self.runtime, self.parameters = frozenset({"image"}), (), "numpy", 5

    def _encode_images(self, pixels):
        return pixels.mean(axis=(1, 2)) / 255


class Letters(Encoder):
    """How often a text has the first letters."""

    def __init__(self, most=10):
        self.name, self.width, self.fingerprint, self.languages = "letters", 4, "letters-1", ("en",)
        self.modalities, self.batch_size, self.most = frozenset({"text"}), 2, most

    def _encode_texts(self, texts):
        self.cut += sum(len(text) > self.most for text in texts)
        return np.array([[text[: self.most].count(letter) for letter in "aert"] for text in texts])


@dataclass(kw_only=True, eq=False)
class Fit(Fitted):
    """Unfitted."""

    modalities = frozenset({"text"})

    def _fit(self, items):
        self.n_ = len(items)

    def _width(self):
        return 1


@pytest.fixture
def load(monkeypatch, tiny_encoder):
    """`encoders.load` that also knows the encoders of this file."""
    known = {"tiny": tiny_encoder, "colour": Colour(), "letters": Letters(), "a+b": Colour(8, "a+b")}
    real = encoders.load

    def found(spec):
        return known[spec] if spec in known else real(spec)

    monkeypatch.setattr(encoders, "load", found)
    return found


@pytest.fixture
def files(tiny_pictures):
    return sorted(tiny_pictures.iterdir())[:5]


def test_the_cosine_is_the_weighted_mean_of_the_cosines(load, files, tiny_encoder):
    joined = load("concat:0.7*tiny+0.3*colour")
    rows = joined.encode_images(files)
    parts = [part.encode_images(files) for part in (tiny_encoder, Colour())]
    np.testing.assert_allclose(
        rows @ rows.T, 0.7 * parts[0] @ parts[0].T + 0.3 * parts[1] @ parts[1].T, atol=1e-5
    )
    assert joined.width == tiny_encoder.width + 3 and joined.modalities == {"image"}
    np.testing.assert_allclose(np.linalg.norm(joined.encode_images(files, unit=False), axis=1), 1, atol=1e-5)


def test_texts_are_joined_and_counted_once_when_cut(load, tiny_encoder):
    joined = load("concat:tiny+letters")
    rows = joined.encode_texts(TEXTS)
    parts = [part.encode_texts(TEXTS) for part in (tiny_encoder, Letters())]
    np.testing.assert_allclose(rows[:2] @ rows[:2].T, sum(p[:2] @ p[:2].T for p in parts) / 2, atol=1e-5)
    assert joined.cut == 1 and joined.modalities == {"text"}
    assert joined.encode_texts([]).shape == (0, joined.width)


def test_a_part_with_nothing_to_say_leaves_it_to_the_others(load, tiny_encoder):
    rows = load("concat:tiny+letters").encode_texts(["绿", "红"])  # none of the letters
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    alone = tiny_encoder.encode_texts(["绿", "红"])
    np.testing.assert_allclose(rows @ rows.T, alone @ alone.T, atol=1e-5)


def test_a_picture_is_decoded_once(load, files, monkeypatch):
    calls = []
    monkeypatch.setattr(module, "opened", lambda image, size: calls.append(size) or Image.new("RGB", (9, 9)))
    load("concat:tiny+colour+a+b".replace("a+b", "[a+b]")).encode_images(files[:2])
    assert calls == [32, 32]


def test_prepared_pictures_stack_and_batches_do_not_matter(load, files):
    joined = load("concat:tiny+2*colour")
    prepared = np.stack([joined.prepare(file) for file in files])
    assert prepared.shape == (5,) and prepared["part1"].shape == (5, 32, 32, 3)
    together = joined.encode_prepared(prepared)
    np.testing.assert_allclose(together[2:3], joined.encode_prepared(prepared[2:3]), atol=1e-6)
    assert joined.encode_prepared(prepared[:0]).shape == (0, joined.width)
    assert joined.encode_prepared(np.empty((0, 4))).shape == (0, joined.width)
    with pytest.raises(InputError, match="encodes what its own prepare made"):
        joined.encode_prepared(np.zeros((2, 32, 32, 3), dtype=np.uint8))


def test_names_can_be_loaded_again(load):
    for spec in ("concat:tiny+0.5*colour", "concat:[a+b]+colour", "concat:2*[concat:tiny+colour]+colour"):
        made = load(spec)
        assert made.name == spec
        assert load(made.name).fingerprint == made.fingerprint


def test_a_nested_concatenation_encodes(load, files):
    nested = load("concat:[concat:tiny+colour]+colour").encode_images(files)
    flat = load("concat:tiny+3*colour").encode_images(files)
    np.testing.assert_allclose(nested @ nested.T, flat @ flat.T, atol=1e-5)


def test_the_fingerprint_is_that_of_parts_and_shares(load):
    assert load("concat:tiny+colour").fingerprint == load("concat:2*tiny+2*colour").fingerprint
    others = {load(f"concat:{text}").fingerprint for text in ("tiny+colour", "colour+tiny", "tiny+2*colour")}
    assert len(others) == 3


def test_what_people_are_told_is_that_of_all_parts(load):
    joined = load("concat:colour+tiny+colour")
    assert joined.parameters == 5 and joined.runtime == "numpy" and joined.languages == ()
    assert joined.image_size == 32 and not joined.by_id


def test_parts_have_options_of_their_own(monkeypatch):
    seen = []
    monkeypatch.setattr(encoders, "load", lambda spec: seen.append(spec) or Colour())
    module.Concat.open(module.Path("hog,cells=8+0.25*[x,y=1+2]+.5*OFA-Sys/m"))
    assert seen == ["hog,cells=8", "x,y=1+2", "OFA-Sys/m"]


def test_vectors_are_looked_up_beside_pictures_that_are_encoded(load, files, tmp_path):
    np.savez(tmp_path / "f.npz", ids=[file.stem for file in files[:4]], vectors=np.eye(4))
    joined = load(f"concat:stored:{tmp_path / 'f.npz'}+colour")
    rows = joined.encode_images([*files[:3], Picture(path=str(files[0]), id=files[3].stem)])
    np.testing.assert_allclose(rows[:, :4], np.eye(4) / np.sqrt(2), atol=1e-6)
    assert joined.by_id
    with pytest.raises(PictureError, match="has no vector of the picture"):
        joined.prepare(files[4])


def test_ids_reach_the_parts_that_need_them(load, tmp_path):
    np.savez(tmp_path / "f.npz", text_ids=["1", "2"], text_vectors=np.eye(2))
    joined = load(f"concat:letters+stored:{tmp_path / 'f.npz'}")
    np.testing.assert_allclose(joined.encode_texts(["a", "b"], ids=["2", "1"])[1, 4:], [1, 0], atol=1e-6)
    with pytest.raises(TextError):
        joined.encode_texts(["a"], ids=["3"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tiny+", "has an empty part"),
        ("tiny++colour", "has an empty part"),
        ("[tiny+colour", "bracket that is not closed"),
        ("tiny]+colour", "bracket that is not closed or not opened"),
        ("0*tiny+colour", "each must be a number above zero"),
        ("letters+colour", "nothing in common .* letters texts, colour images"),
        ("tiny+colou+r", "stands in brackets"),
        ("-1*tiny+colour", "concat:-1"),
    ],
)
def test_what_cannot_be_joined_is_explained(load, text, message):
    with pytest.raises(InputError, match=message):
        load(f"concat:{text}")


def test_weights_align_with_parts():
    with pytest.raises(InputError, match="1 encoders and 2 weights"):
        Concat([Colour()], [1, 2])
    with pytest.raises(InputError, match="0 encoders"):
        Concat([])


def test_an_unfitted_part_is_told_how_to_be_fitted():
    with pytest.raises(NotFittedError, match="--fit --save-encoder FOLDER"):
        Concat([Fit(), Letters()])


def test_an_unknown_part_is_suggested(load):
    with pytest.raises(InputError, match="did you mean 'mini'"):
        load("concat:minni")
    assert issubclass(UnknownName, InputError)


def test_one_modality_is_not_asked_of_the_other(load):
    with pytest.raises(InputError, match="does not encode texts, only images"):
        load("concat:tiny+colour").encode_texts(["a"])
    with pytest.raises(InputError, match="does not encode images, only texts"):
        load("concat:tiny+letters").prepare("a.jpg")
