"""Functions as an encoder: checked like any other."""

import numpy as np
import pytest
from PIL import Image

from tuwen import Collection, encoders
from tuwen.encoders.callables import Callables
from tuwen.errors import InputError
from tuwen.records import Picture, Record


def colours(pixels):
    """The mean colour."""
    return pixels.mean(axis=(1, 2))


def words(texts):
    """Which colours are named."""
    return [[word in text for word in ("red", "green", "blue")] for text in texts]


@pytest.fixture
def encoder():
    return Callables(name="colours", width=3, images=colours, texts=words, size=8, languages=("en",))


def test_functions_give_vectors(encoder):
    images = [Image.new("RGB", (30, 20), colour) for colour in ("red", "blue")]
    assert np.allclose(encoder.encode_images(images), [[1, 0, 0], [0, 0, 1]])
    assert np.allclose(encoder.encode_texts(["a blue car", "red"]), [[0, 0, 1], [1, 0, 0]])


def test_a_collection_takes_it(encoder, tmp_path):
    for colour in ("red", "blue"):
        Image.new("RGB", (30, 20), colour).save(tmp_path / f"{colour}.png")
    records = [Record(images=(Picture(path=str(tmp_path / f"{name}.png")),)) for name in ("red", "blue")]
    collection = Collection.create(tmp_path / "c", encoder=encoder)
    collection.add(records)
    assert collection.search("a blue car", k=1)[0].id == "blue"


def test_pictures_can_be_prepared_in_another_way():
    def brightness(image):
        return np.asarray(image.convert("L").resize((2, 2)), dtype=np.float32)

    encoder = Callables(name="grey", width=4, images=lambda x: x.reshape(len(x), 4), prepare=brightness)
    assert encoder.encode_images([Image.new("RGB", (9, 9), "white")], unit=False).tolist() == [[255.0] * 4]


def test_tensors_are_taken():
    torch = pytest.importorskip("torch")
    encoder = Callables(name="t", width=2, texts=lambda texts: torch.ones(len(texts), 2, requires_grad=True))
    assert encoder.encode_texts(["a"], unit=False).tolist() == [[1, 1]]


def test_one_function_is_one_modality(encoder):
    alone = Callables(name="words", width=3, texts=words)
    assert alone.modalities == {"text"}
    with pytest.raises(InputError, match="does not encode images"):
        alone.encode_images([Image.new("RGB", (9, 9))])
    with pytest.raises(InputError, match="no function"):
        Callables(name="none", width=3)


def test_another_version_is_another_space(encoder):
    other = Callables(name="colours", width=3, images=colours, texts=words, size=8, version="2")
    assert other.fingerprint != encoder.fingerprint


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (np.ones((2, 4)), "4 columns; 3 are needed"),
        (np.ones((3, 3)), "3 rows for 2"),
        (np.full((2, 3), np.nan), "NaN"),
        (np.ones(2), "a matrix"),
        (None, "matrix"),
    ],
)
def test_what_a_function_gives_is_checked(result, message):
    encoder = Callables(name="odd", width=3, texts=lambda _: result)
    with pytest.raises(InputError, match=message):
        encoder.encode_texts(["a", "b"])


def test_it_is_no_name_to_load():
    assert "callables" not in encoders.names()
